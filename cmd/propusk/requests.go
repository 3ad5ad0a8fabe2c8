package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"propusk/cabinet/request"
	"propusk/cabinet/service"
	"propusk/storage"
	"propusk/storage/revocation"
)

// openRequests opens the inbox of organisations and the catalogue of services,
// whose applications are requests of the inbox.
func (h *house) openRequests(context.Context) (err error) {
	h.requests, err = request.New(request.Deps{
		DB: h.db, Directory: h.directory, Journal: h.journal, Files: h.files, Gateway: h.authority, Notices: h.notices,
		Paper: h.paper, Jobs: h.jobs, Support: supportOf(h.cfg.Contact), Log: h.log, Now: h.now,
	})
	if err != nil {
		return err
	}
	h.services, err = service.New(service.Deps{
		DB: h.db, Inbox: h.requests, Directory: h.directory, Journal: h.journal, Files: h.files, Notices: h.notices, Paper: h.paper,
		Verifier: h.trust.Verifier(), Registry: h.registry, Jobs: h.jobs, Log: h.log, Now: h.now,
	})
	if err != nil {
		return err
	}
	h.rooms = append(h.rooms, h.requests.Room(), h.services.Room())
	return nil
}

// supportOf reads the contact of the configuration, an e-mail or a phone.
func supportOf(contact string) request.Support {
	switch {
	case contact == "":
		return request.Support{}
	case strings.Contains(contact, "@"):
		return request.Support{Email: contact}
	}
	return request.Support{Phones: []string{contact}}
}

func ticketCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ticket",
		Short: "Support tickets: what waits, and the answers",
		Long: `The tickets that organisations have sent to the support. An answer is due within 24
hours; the cabinet shows the due time and marks its breach. What is answered here
enters the ticket's thread, and the organisation is told.`,
		Example: "  propusk ticket list\n  propusk ticket answer T26-483920175-4 --as 'Иван, поддержка' --text 'Обновите страницу.'",
	}
	cmd.AddCommand(ticketListCommand(), ticketTakeCommand(), ticketAnswerCommand())
	return cmd
}

func (b *base) helpdesk() (*request.Helpdesk, error) {
	notices, err := b.newNotices(revocation.NewList(revocation.Deps{DB: b.db, Events: b.volatile, Now: b.now, Log: b.log}))
	if err != nil {
		return nil, err
	}
	return request.NewHelpdesk(request.HelpdeskDeps{DB: b.db, Journal: b.journal, Notices: notices, Outbox: b.outbox, Now: b.now})
}

// ticketAnswer is a ticket as the command line prints it.
type ticketAnswer struct {
	Number  string       `json:"number"`
	Kind    string       `json:"kind"`
	Status  string       `json:"status"`
	Subject string       `json:"subject"`
	DueAt   storage.Time `json:"due_at"`
	Overdue bool         `json:"overdue"`
	Phone   string       `json:"phone,omitempty"`
	Email   string       `json:"email,omitempty"`
	Channel string       `json:"reply_channel"`
}

func (b *base) ticketAnswerOf(r request.Request) ticketAnswer {
	now := storage.Of(b.now())
	d := r.Details.V
	return ticketAnswer{r.Number, r.Kind, string(r.Shown(now)), r.Subject, r.DueAt, r.Late(now), d.Phone, d.Email, d.ReplyChannel}
}

func ticketListCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use: "list", Short: "Show the tickets that wait for an answer, the nearest due first",
		Example: "  propusk ticket list\n  propusk ticket list --json --limit 500", Args: cobra.NoArgs,
		RunE: withBase(func(cmd *cobra.Command, _ []string, b *base) error {
			desk, err := b.helpdesk()
			if err != nil {
				return err
			}
			limit, _ := cmd.Flags().GetInt("limit")
			waiting, err := desk.Waiting(cmd.Context(), limit)
			if err != nil {
				return err
			}
			answers := make([]ticketAnswer, len(waiting))
			for i, r := range waiting {
				answers[i] = b.ticketAnswerOf(r)
			}
			return show(cmd, answers, func(w io.Writer) { writeTickets(w, answers) })
		}),
	})
	cmd.Flags().Int("limit", 100, "at most as many")
	return cmd
}

func writeTickets(w io.Writer, answers []ticketAnswer) {
	fmt.Fprintln(w, "NUMBER\tKIND\tSTATUS\tDUE\tREPLY BY\tSUBJECT")
	for _, a := range answers {
		reply := a.Channel
		for _, contact := range []string{a.Phone, a.Email} {
			if contact != "" {
				reply += " " + contact
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", a.Number, a.Kind, a.Status, instant(a.DueAt), reply, a.Subject)
	}
}

func ticketTakeCommand() *cobra.Command {
	cmd := byFlag(asJSON(&cobra.Command{
		Use: "take NUMBER", Short: "Say that somebody works on a ticket",
		Example: "  propusk ticket take T26-483920175-4", Args: cobra.ExactArgs(1),
		RunE: withBase(func(cmd *cobra.Command, args []string, b *base) error {
			return b.answerTicket(cmd, request.Word{Number: args[0], Event: request.EventInWork})
		}),
	}))
	cmd.Flags().String("as", "Служба поддержки", "the name that the organisation sees")
	return cmd
}

func ticketAnswerCommand() *cobra.Command {
	cmd := byFlag(asJSON(&cobra.Command{
		Use: "answer NUMBER", Short: "Answer a ticket, or ask back",
		Example: "  propusk ticket answer T26-483920175-4 --text 'Обновите страницу.'\n  propusk ticket answer T26-483920175-4 --question --text 'Какой браузер?'",
		Args:    cobra.ExactArgs(1),
		RunE: withBase(func(cmd *cobra.Command, args []string, b *base) error {
			word := request.Word{Number: args[0], Event: request.EventResolved}
			word.Text, _ = cmd.Flags().GetString("text")
			if asks, _ := cmd.Flags().GetBool("question"); asks {
				word.Event = request.EventQuestion
			}
			return b.answerTicket(cmd, word)
		}),
	}))
	cmd.Flags().String("as", "Служба поддержки", "the name that the organisation sees")
	cmd.Flags().String("text", "", "the answer")
	cmd.Flags().Bool("question", false, "it is a question to the organisation")
	_ = cmd.MarkFlagRequired("text") // fails only for a flag that is not there
	return cmd
}

func (b *base) answerTicket(cmd *cobra.Command, word request.Word) error {
	desk, err := b.helpdesk()
	if err != nil {
		return err
	}
	word.Author, _ = cmd.Flags().GetString("as")
	word.Operator = by(cmd)
	r, err := desk.Answer(cmd.Context(), word)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return fmt.Errorf("no ticket has the number %q; `propusk ticket list` shows those that wait", word.Number)
	case errors.Is(err, request.ErrState):
		return fmt.Errorf("the ticket %s is closed: a new one must be opened", word.Number)
	case err != nil:
		return err
	}
	answer := b.ticketAnswerOf(r)
	return show(cmd, answer, func(w io.Writer) { writeTickets(w, []ticketAnswer{answer}) })
}

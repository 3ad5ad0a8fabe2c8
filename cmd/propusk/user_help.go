package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"propusk/idp/directory"
	"propusk/storage"
)

func userUnlockCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:   "unlock PERSON",
		Short: "Lift every lock of a person's factors",
		Long: `Lift the locks that wrong passwords and codes have put on a person's factors, and
forget the failures. The person is told. Be sure who asks: a lock is what stops
somebody who guesses.`,
		Example: "  propusk user unlock elena@severny-mayak.example",
		Args:    cobra.ExactArgs(1),
		RunE: withPerson(func(cmd *cobra.Command, b *base, p directory.Person) error {
			locks, err := b.locks.Of(cmd.Context(), p.ID)
			if err != nil {
				return err
			}
			if err := b.directory.UnlockFactors(cmd.Context(), directory.System(), p.ID); err != nil {
				return err
			}
			lifted := []string{}
			for _, lock := range locks {
				lifted = append(lifted, lock.Factor)
			}
			return show(cmd, map[string]any{"id": p.ID, "unlocked": lifted}, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %d locks were lifted.\n", p.FullName(), len(lifted))
			})
		}),
	})
}

func userConfirmCommand() *cobra.Command {
	var c directory.Confirmation
	cmd := asJSON(&cobra.Command{
		Use:   "confirm PERSON",
		Short: "Confirm who a person is, after looking at the documents",
		Long: `Raise a person to the confirmed level and store СНИЛС and ИНН as verified. From then
on a qualified certificate with one of them signs in as this person, so compare the
documents with the person before you. Never write a passport's number here.`,
		Example: `  propusk user confirm elena@severny-mayak.example --snils 11244556627 --evidence "акт сверки 17 от 03.03.2026"`,
		Args:    cobra.ExactArgs(1),
		RunE: withPerson(func(cmd *cobra.Command, b *base, p directory.Person) error {
			if err := b.directory.ConfirmIdentity(cmd.Context(), directory.System(), p.ID, c); err != nil {
				return err
			}
			identity, err := b.directory.Identity(cmd.Context(), p.ID)
			if err != nil {
				return err
			}
			return show(cmd, map[string]any{"id": p.ID, "level": identity.Level}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is confirmed.\n", p.FullName())
			})
		}),
	})
	cmd.Flags().StringVar(&c.SNILS, "snils", "", "СНИЛС, as the documents say (required)")
	cmd.Flags().StringVar(&c.INN, "inn", "", "ИНН of the person, where the documents say it")
	cmd.Flags().StringVar(&c.Evidence, "evidence", "", "kind and number of your act (required)")
	_ = cmd.MarkFlagRequired("snils")
	_ = cmd.MarkFlagRequired("evidence")
	return cmd
}

func userRecoverCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Help somebody back in who has lost everything: two operators",
		Long: `One operator has seen the documents and proposes, another one agrees; neither can
help himself, and neither sees the link, which goes to the person. Every channel of
the person is told and can stop it until then.`,
		Example: "  propusk user recover list",
	}
	cmd.AddCommand(recoverProposeCommand(), recoverApproveCommand(), recoverRefuseCommand(), recoverListCommand())
	return cmd
}

// recoveryAnswer is an operators' recovery as the command line prints it.
type recoveryAnswer struct {
	ID           string       `json:"id"`
	PersonID     string       `json:"person_id"`
	State        string       `json:"state"`
	ResetFactors bool         `json:"reset_factors"`
	Reason       string       `json:"reason"`
	ProposedBy   string       `json:"proposed_by"`
	ApprovedBy   string       `json:"approved_by,omitempty"`
	DueAt        storage.Time `json:"due_at,omitzero"` // when the link goes out
	ExpiresAt    storage.Time `json:"expires_at"`
}

func recoveryAnswerOf(r directory.Recovery) recoveryAnswer {
	return recoveryAnswer{r.ID, r.PersonID, r.State, r.ResetFactors, r.Reason, r.ProposedBy, r.ApprovedBy, r.DueAt, r.ExpiresAt}
}

func showRecovery(cmd *cobra.Command, r directory.Recovery) error {
	return show(cmd, recoveryAnswerOf(r), func(w io.Writer) {
		fmt.Fprintf(w, "recovery\t%s\nperson\t%s\nstate\t%s\nlink goes out\t%s\nuntil\t%s\n", r.ID, r.PersonID, r.State, instant(r.DueAt), instant(r.ExpiresAt))
	})
}

func recoverProposeCommand() *cobra.Command {
	var proposal directory.RecoveryProposal
	cmd := operatorFlags(asJSON(&cobra.Command{
		Use:   "propose PERSON",
		Short: "Propose a recovery, as the first operator",
		Example: `  propusk user recover propose elena@severny-mayak.example --lost-factors --reason "seen in the office with documents, act 17" \
      --operator andrey@company.ru --code 123456 --password-stdin < password`,
		Args: cobra.ExactArgs(1),
		RunE: withPerson(func(cmd *cobra.Command, b *base, p directory.Person) error {
			actor, err := b.operatorFlag(cmd)
			if err != nil {
				return err
			}
			proposal.PersonID = p.ID
			r, err := b.directory.ProposeRecovery(cmd.Context(), actor, proposal)
			if err != nil {
				return err
			}
			return showRecovery(cmd, r)
		}),
	}))
	cmd.Flags().StringVar(&proposal.Reason, "reason", "", "what was shown and looked at; never the number of a passport (required)")
	cmd.Flags().StringVar(&proposal.Mailbox, "mailbox", "", "new e-mail that the link goes to and that becomes the person's")
	cmd.Flags().BoolVar(&proposal.ResetFactors, "lost-factors", false, "the other factors are lost too and go")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

func recoverApproveCommand() *cobra.Command {
	return operatorFlags(asJSON(&cobra.Command{
		Use:   "approve RECOVERY",
		Short: "Agree to a recovery, as the second operator",
		Long: `Agree to a recovery that another operator proposed. Every channel of the person is
told; the link goes out at once, or after three days where factors go or the mailbox
is new.`,
		Example: "  propusk user recover approve 019a… --operator irina@company.ru --code 123456 --password-stdin < password",
		Args:    cobra.ExactArgs(1),
		RunE: withBase(func(cmd *cobra.Command, args []string, b *base) error {
			actor, err := b.operatorFlag(cmd)
			if err != nil {
				return err
			}
			r, err := b.directory.ApproveRecovery(cmd.Context(), actor, args[0])
			if err != nil {
				return err
			}
			return showRecovery(cmd, r)
		}),
	}))
}

func recoverRefuseCommand() *cobra.Command {
	return operatorFlags(asJSON(&cobra.Command{
		Use:     "refuse RECOVERY",
		Short:   "End a proposal, or stop what was approved",
		Example: "  propusk user recover refuse 019a… --operator irina@company.ru --password-stdin < password",
		Args:    cobra.ExactArgs(1),
		RunE: withBase(func(cmd *cobra.Command, args []string, b *base) error {
			actor, err := b.operatorFlag(cmd)
			if err != nil {
				return err
			}
			if err := b.directory.RefuseRecovery(cmd.Context(), actor, args[0]); err != nil {
				return err
			}
			return show(cmd, map[string]string{"id": args[0], "status": "refused"}, func(w io.Writer) {
				fmt.Fprintf(w, "The recovery %s is over.\n", args[0])
			})
		}),
	}))
}

func recoverListCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "list",
		Short:   "Show the operators' recoveries that are not over",
		Example: "  propusk user recover list --json",
		Args:    cobra.NoArgs,
		RunE: withBase(func(cmd *cobra.Command, _ []string, b *base) error {
			list, err := b.directory.AssistedRecoveries(cmd.Context(), directory.System())
			if err != nil {
				return err
			}
			answers := make([]recoveryAnswer, 0, len(list))
			for _, r := range list {
				answers = append(answers, recoveryAnswerOf(r))
			}
			return show(cmd, answers, func(w io.Writer) {
				fmt.Fprintln(w, "RECOVERY\tPERSON\tSTATE\tLINK GOES OUT\tUNTIL\tREASON")
				for _, r := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.PersonID, r.State, instant(r.DueAt), instant(r.ExpiresAt), r.Reason)
				}
			})
		}),
	})
}

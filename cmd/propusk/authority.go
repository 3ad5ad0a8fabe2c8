package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/httpsig"
	"propusk/cabinet/authority/registry"
	"propusk/conf"
	"propusk/storage"
)

// openAuthority opens the gateway to state bodies and the register of
// organisations. Rooms give it their loaders and handlers when they are opened.
func (h *house) openAuthority(context.Context) error {
	signer, err := h.authoritySigner()
	if err != nil {
		return err
	}
	bodies, err := authorityBodies(h.cfg.Authority)
	if err != nil {
		return err
	}
	host, err := url.Parse(h.cfg.Issuer)
	if err != nil {
		return fmt.Errorf("read the issuer: %w", err)
	}
	h.authority, err = authority.New(authority.Deps{
		DB: h.db, Jobs: h.jobs, Ephemeral: h.volatile, Organisations: h.organisationByNumbers,
		Bodies: bodies, Signer: signer, Host: host.Host, Log: h.log, Now: h.now, Metrics: h.metrics,
	})
	if err != nil {
		return err
	}
	h.registry, err = h.openRegistry(bodies, signer)
	return err
}

// openRegistry is the imported files, and behind them the body that the
// configuration names.
func (b *base) openRegistry(bodies []authority.Body, signer *httpsig.Signer) (authority.Registry, error) {
	registries := authority.Registries{b.importedRegistry()}
	for _, body := range bodies {
		if body.Name != b.cfg.Authority.Registry {
			continue
		}
		remote, err := authority.NewRemote(body, signer, b.now, nil)
		if err != nil {
			return nil, err
		}
		registries = append(registries, remote)
	}
	return registries, nil
}

func (b *base) importedRegistry() *registry.Store {
	return registry.New(registry.Deps{DB: b.db, Journal: b.journal, Now: b.now})
}

// authoritySigner is the key of the configuration, or the one that the master key
// makes.
func (b *base) authoritySigner() (*httpsig.Signer, error) {
	if path := b.cfg.Authority.KeyFile; path != "" {
		return readSigner(path)
	}
	return httpsig.FromSeed(b.sealer.Key("authority messages 1"))
}

func readSigner(path string) (*httpsig.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the key of messages to bodies: %w", err)
	}
	signer, err := httpsig.ParseSigner(text)
	if err != nil {
		return nil, fmt.Errorf("the key in %s: %w", path, err)
	}
	return signer, nil
}

// readPublic takes a public key in base64, or the PEM file that has one.
func readPublic(text string) (httpsig.Public, error) {
	if key, err := httpsig.ParsePublic(text); err == nil {
		return key, nil
	}
	content, err := os.ReadFile(text)
	if err != nil {
		return httpsig.Public{}, fmt.Errorf("%q is neither a public key in base64 nor a file: %w", text, err)
	}
	key, err := httpsig.ParsePublic(string(content))
	if err != nil {
		return httpsig.Public{}, fmt.Errorf("the key in %s: %w", text, err)
	}
	return key, nil
}

// authorityBodies reads the bodies of the configuration with their keys.
func authorityBodies(c conf.Authority) ([]authority.Body, error) {
	var out []authority.Body
	for _, b := range c.Bodies {
		body := authority.Body{Name: b.Name, URL: b.URL, Recipients: b.Recipients, Poll: b.Poll}
		for _, text := range b.Keys {
			key, err := readPublic(text)
			if err != nil {
				return nil, fmt.Errorf("body %s: %w", b.Name, err)
			}
			body.Keys = append(body.Keys, key)
		}
		out = append(out, body)
	}
	return out, nil
}

// organisationByNumbers finds one of ours for whom a body has something. Both
// numbers must be its own where both are said.
func (b *base) organisationByNumbers(ctx context.Context, inn, ogrn string) (string, error) {
	find, number := b.directory.OrganisationByINN, inn
	if inn == "" {
		find, number = b.directory.OrganisationByOGRN, ogrn
	}
	o, err := find(ctx, number)
	if err != nil {
		return "", err
	}
	if ogrn != "" && o.OGRN != ogrn {
		return "", fmt.Errorf("find the organisation: the ОГРН is another one's: %w", storage.ErrNotFound)
	}
	return o.ID, nil
}

func authorityCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "authority",
		Short: "The exchange with state bodies: what was given up, and the key",
		Long: `What went wrong in the exchange with state bodies, and how to mend it. The exchange
itself is done by the running nodes; docs/authority.md tells its form.`,
		Example: "  propusk authority dead\n  propusk authority retry 0192b1c4-…",
	}
	cmd.AddCommand(
		authorityListCommand("dead", "Show submissions and answers that were given up", authority.Letters.Dead),
		authorityListCommand("waiting", "Show submissions and answers that are under way", authority.Letters.Waiting),
		authorityRetryCommand(), authorityReceiptCommand(), authorityKeyCommand(),
	)
	return cmd
}

func (b *base) letters() authority.Letters {
	return authority.Letters{DB: b.db, Journal: b.journal, Now: b.now}
}

type listLetters func(l authority.Letters, ctx context.Context, limit int) ([]authority.Letter, error)

func authorityListCommand(use, short string, list listLetters) *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use: use, Short: short, Example: "  propusk authority " + use + "\n  propusk authority " + use + " --json --limit 500",
		Args: cobra.NoArgs,
		RunE: withBase(func(cmd *cobra.Command, _ []string, b *base) error {
			limit, _ := cmd.Flags().GetInt("limit")
			letters, err := list(b.letters(), cmd.Context(), limit)
			if err != nil {
				return err
			}
			if letters == nil {
				letters = []authority.Letter{}
			}
			return show(cmd, letters, func(w io.Writer) { writeLetters(w, letters) })
		}),
	})
	cmd.Flags().Int("limit", 100, "at most as many of each kind, the latest")
	return cmd
}

func writeLetters(w io.Writer, letters []authority.Letter) {
	fmt.Fprintln(w, "ID\tWHAT\tBODY\tSUBMISSION\tATTEMPTS\tSINCE\tWHY")
	for _, l := range letters {
		what := l.What + " " + l.Kind
		if l.Seq > 0 {
			what += fmt.Sprintf(" № %d", l.Seq)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", l.ID, what, l.Body, l.SubmissionID, l.Attempts, instant(l.At), strings.ReplaceAll(l.Fault, "\n", " "))
	}
}

func authorityRetryCommand() *cobra.Command {
	return byFlag(asJSON(&cobra.Command{
		Use:   "retry ID...",
		Short: "Try given up submissions and answers again, now",
		Long: `Give a submission or an answer that was given up all its attempts again. A running
node takes it at once. Who asked for it goes to the system's journal. Nothing is filed
twice by it: the body recognises a submission by its id.`,
		Example: "  propusk authority retry 0192b1c4-8a52-7c7e-b0c4-2f1a9d1c0001",
		Args:    cobra.MinimumNArgs(1),
		RunE: withBase(func(cmd *cobra.Command, args []string, b *base) error {
			for _, id := range args {
				err := b.letters().Retry(cmd.Context(), by(cmd), id)
				if errors.Is(err, storage.ErrNotFound) {
					return fmt.Errorf("nothing given up has the id %q; `propusk authority dead` lists what has been", id)
				}
				if err != nil {
					return err
				}
			}
			return show(cmd, map[string]any{"retried": args}, func(w io.Writer) { fmt.Fprintf(w, "%d will be tried again.\n", len(args)) })
		}),
	}))
}

// receiptAnswer is a proof with what was found of it.
type receiptAnswer struct {
	Submission string           `json:"submission"`
	Valid      bool             `json:"valid"`
	Fault      string           `json:"fault,omitempty"`
	SignedAt   time.Time        `json:"signed_at"`
	Digest     string           `json:"content_digest"` // of the message that was sent (RFC 9530)
	Proof      *authority.Proof `json:"proof"`
}

func authorityReceiptCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:   "receipt SUBMISSION",
		Short: "Show and verify the body's signed receipt for a submission",
		Long: `Show what proves that a body has taken a submission: our signed request, with the
digest of what it carried, and the body's signed answer to it. It is verified by the
keys of all configured bodies: keep a body's old keys there. Exit status 1 when it is
not valid.`,
		Example: "  propusk authority receipt 0192b1c4-8a52-7c7e-b0c4-2f1a9d1c0001 --json",
		Args:    cobra.ExactArgs(1),
		RunE: withBase(func(cmd *cobra.Command, args []string, b *base) error {
			answer, err := b.receipt(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			err = show(cmd, answer, func(w io.Writer) {
				fmt.Fprintf(w, "valid\t%t %s\nsigned at\t%s\ncontent\t%s\nanswer\t%s\n",
					answer.Valid, answer.Fault, answer.SignedAt.Format(time.DateTime), answer.Digest, answer.Proof.Body)
			})
			if err == nil && !answer.Valid {
				err = statusError(1)
			}
			return err
		}),
	})
}

// receipt reads a submission's proof and judges it.
func (b *base) receipt(ctx context.Context, id string) (receiptAnswer, error) {
	proof, err := b.letters().Proof(ctx, id)
	if err != nil {
		return receiptAnswer{}, err
	}
	bodies, err := authorityBodies(b.cfg.Authority)
	if err != nil {
		return receiptAnswer{}, err
	}
	var keys []httpsig.Public
	for _, body := range bodies {
		keys = append(keys, body.Keys...)
	}
	answer := receiptAnswer{Submission: id, Proof: proof}
	answer.Digest, answer.SignedAt, err = proof.Verify(keys...)
	if answer.Valid = err == nil; err != nil {
		answer.Fault = err.Error()
	}
	return answer, nil
}

func authorityKeyCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:   "key",
		Short: "Print the public key that our messages to bodies are signed by",
		Long: `Print the public key that submissions and questions to state bodies are signed by
(RFC 9421), for the body to configure. The same stands at /authority/key of a running
node.`,
		Example: "  propusk authority key\n  propusk authority key --pem > propusk.pem",
		Args:    cobra.NoArgs,
		RunE: withBase(func(cmd *cobra.Command, _ []string, b *base) error {
			signer, err := b.authoritySigner()
			if err != nil {
				return err
			}
			if wanted, _ := cmd.Flags().GetBool("pem"); wanted {
				_, err := cmd.OutOrStdout().Write(signer.PEM())
				return err
			}
			return show(cmd, map[string]string{"key_id": signer.ID, "public_key": signer.String()}, func(w io.Writer) {
				fmt.Fprintf(w, "key id\t%s\npublic key\t%s\n", signer.ID, signer.String())
			})
		}),
	})
	cmd.Flags().Bool("pem", false, "print PEM alone")
	return cmd
}

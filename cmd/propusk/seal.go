package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"propusk/cabinet/paper"
)

// sealFollows is how soon a node takes up a key that was changed elsewhere.
const sealFollows = 30 * time.Second

// openPaper opens the service's seal, which is made at the first start unless the
// operator has his own, and what prints and signs by it.
func (h *house) openPaper(ctx context.Context) (err error) {
	if h.seal, err = openSeal(ctx, h.base); err != nil {
		return err
	}
	h.paper, err = paper.New(paper.Deps{Seal: h.seal, Issuer: h.cfg.Issuer, Name: h.cfg.Seal.Name, Now: h.now})
	if err != nil {
		return err
	}
	h.jobs.Every("seal/renew", 24*time.Hour, h.seal.Renew)
	h.starts = append(h.starts, func(ctx context.Context) error {
		go h.seal.Follow(ctx, sealFollows)
		return nil
	})
	return nil
}

func openSeal(ctx context.Context, b *base) (*paper.Seal, error) {
	deps := paper.SealDeps{DB: b.db, Sealer: b.sealer, Journal: b.journal, Log: b.log, Name: b.cfg.Seal.Name, Now: b.now}
	if b.cfg.Seal.Key != "" {
		var err error
		if deps.Key, err = os.ReadFile(b.cfg.Seal.Key); err != nil {
			return nil, fmt.Errorf("read the seal's key: %w", err)
		}
		if deps.Certificate, err = os.ReadFile(b.cfg.Seal.Certificate); err != nil {
			return nil, fmt.Errorf("read the seal's certificate: %w", err)
		}
	}
	return paper.OpenSeal(ctx, deps)
}

func sealCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "seal",
		Short: "The service's own signature on what it prints",
		Long: `Extracts, receipts and acts are signed by the service's seal: the operator's own key
(seal.key, seal.certificate), or one that the service makes at its first start and
keeps, encrypted, in the database. Certificates of earlier times stay published, so
that old papers verify.`,
		Example: "  propusk seal show --pem > seal.pem",
	}
	cmd.AddCommand(sealShowCommand(), sealRotateCommand())
	return cmd
}

func sealShowCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:     "show",
		Short:   "Show the seal's certificates, the current one first",
		Example: "  propusk seal show --pem > seal.pem\n  propusk seal show --json",
		Args:    cobra.NoArgs,
		RunE:    withSeal(showSeal),
	})
	cmd.Flags().Bool("pem", false, "print the certificates as PEM")
	return cmd
}

func sealRotateCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "rotate",
		Short:   "Make a new key and sign with it from now on",
		Long:    "Make a new key and certificate and sign with them from now on. Running nodes take them up within half a minute. Papers signed before stay genuine.",
		Example: "  propusk seal rotate",
		Args:    cobra.NoArgs,
		RunE: withSeal(func(cmd *cobra.Command, seal *paper.Seal) error {
			if err := seal.Rotate(cmd.Context()); err != nil {
				return err
			}
			return showSeal(cmd, seal)
		}),
	})
}

func withSeal(act func(cmd *cobra.Command, seal *paper.Seal) error) func(*cobra.Command, []string) error {
	return withBase(func(cmd *cobra.Command, _ []string, b *base) error {
		seal, err := openSeal(cmd.Context(), b)
		if err != nil {
			return err
		}
		return act(cmd, seal)
	})
}

func showSeal(cmd *cobra.Command, seal *paper.Seal) error {
	if wanted, _ := cmd.Flags().GetBool("pem"); wanted {
		_, err := cmd.OutOrStdout().Write(seal.PEM())
		return err
	}
	published := seal.Published()
	return show(cmd, published, func(w io.Writer) {
		fmt.Fprintln(w, "KID\tCURRENT\tFROM\tUNTIL\tSUBJECT")
		for _, c := range published.Certificates {
			fmt.Fprintf(w, "%s\t%t\t%s\t%s\t%s\n", c.KeyID, c.Current, c.NotBefore.Time().Format(time.DateOnly), c.NotAfter.Time().Format(time.DateOnly), c.Subject)
		}
	})
}

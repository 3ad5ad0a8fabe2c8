package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"propusk/storage/journal"
)

func auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "The journal: export it, verify an export, check the database",
		Long: `The journal is one hash chain for each organisation and one for the system. An
export ends with a checkpoint signed by the server's key, so that whoever keeps it
can prove later what stood there.`,
		Example: "  propusk audit check --organisation 7801234564",
	}
	cmd.AddCommand(auditExportCommand(), auditVerifyCommand(), auditCheckCommand())
	return cmd
}

func auditExportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "Write a journal with a signed checkpoint, as JSON lines",
		Example: "  propusk audit export --organisation 7801234564 > journal.jsonl\n  propusk audit export > system.jsonl",
		Args:    cobra.NoArgs,
		RunE: withIssuer(func(cmd *cobra.Command, _ []string, i *issuer) error {
			organisation, err := i.organisationFlag(cmd)
			if err != nil {
				return err
			}
			return i.journal.Export(cmd.Context(), organisation, cmd.OutOrStdout(), i.signCheckpoint)
		}),
	}
	return withOrganisationFlag(cmd)
}

func (i *issuer) signCheckpoint(_ context.Context, payload []byte) (string, error) {
	return i.keys.Sign("", journal.CheckpointType, payload)
}

// journalKeys are the keys that a checkpoint may be signed with.
func (i *issuer) journalKeys() []byte {
	set, _ := i.keys.JWKS()
	return set
}

func auditVerifyCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:   "verify FILE",
		Short: "Verify an export without the database",
		Long: `Verify an export: every hash, every link, no gap, and the checkpoint's signature
by one of the keys of a key set (a file, or the address of the server's). Exit status
0 when all is in order, 1 when something was changed, 2 when it could not be judged.
"-" reads standard input.`,
		Example: "  propusk audit verify journal.jsonl --jwks https://id.example.ru/oauth2/jwks",
		Args:    cobra.ExactArgs(1),
		RunE:    verifyExport,
	})
	cmd.Flags().String("jwks", "", "key set: a file or an https address (required)")
	_ = cmd.MarkFlagRequired("jwks")
	return cmd
}

func verifyExport(cmd *cobra.Command, args []string) error {
	source, _ := cmd.Flags().GetString("jwks")
	keySet, err := readKeySet(cmd.Context(), source)
	if err != nil {
		return cannotJudge(cmd, err)
	}
	file := io.NopCloser(cmd.InOrStdin())
	if args[0] != "-" {
		if file, err = os.Open(args[0]); err != nil {
			return cannotJudge(cmd, err)
		}
	}
	defer file.Close()
	report, err := journal.Verify(file, keySet)
	if err != nil {
		return cannotJudge(cmd, err)
	}
	return showReport(cmd, report)
}

func cannotJudge(cmd *cobra.Command, err error) error {
	fmt.Fprintln(cmd.ErrOrStderr(), "propusk: it could not be judged:", err)
	return statusError(2)
}

// keySetLimit bounds a key set that is read, in bytes.
const keySetLimit = 1 << 20

func readKeySet(ctx context.Context, source string) ([]byte, error) {
	if !strings.HasPrefix(source, "https://") && !strings.HasPrefix(source, "http://") {
		return os.ReadFile(source)
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", source, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, keySetLimit))
}

func auditCheckCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:     "check",
		Short:   "Check a journal in the database",
		Example: "  propusk audit check\n  propusk audit check --organisation 7801234564 --json",
		Args:    cobra.NoArgs,
		RunE: withBase(func(cmd *cobra.Command, _ []string, b *base) error {
			organisation, err := b.organisationFlag(cmd)
			if err != nil {
				return err
			}
			report, err := b.journal.Check(cmd.Context(), organisation)
			if err != nil {
				return err
			}
			return showReport(cmd, report)
		}),
	})
	return withOrganisationFlag(cmd)
}

// showReport prints what was found; anything found is exit status 1.
func showReport(cmd *cobra.Command, report journal.Report) error {
	err := show(cmd, struct {
		OK bool `json:"ok"`
		journal.Report
	}{report.OK(), report}, func(w io.Writer) {
		if report.OK() {
			fmt.Fprintf(w, "In order: %d entries, the last is %s.\n", report.Entries, report.Head)
			return
		}
		for _, p := range report.Problems {
			fmt.Fprintf(w, "entry %d\t%s\t%s\n", p.Seq, p.Code, p.Text)
		}
	})
	if err == nil && !report.OK() {
		err = statusError(1)
	}
	return err
}

func withOrganisationFlag(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().String("organisation", "", "ИНН or id of the organisation; none: the system's own journal")
	return cmd
}

// organisationFlag is the id of the organisation that the flag names, "" for
// none.
func (b *base) organisationFlag(cmd *cobra.Command) (string, error) {
	name, err := cmd.Flags().GetString("organisation")
	if err != nil || name == "" {
		return "", err
	}
	o, err := b.findOrganisation(cmd.Context(), name)
	return o.ID, err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"propusk/idp/trust"
	"propusk/signature"
)

func trustCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Certification authorities whose signatures count",
		Long: `The authorities that qualified signatures are judged by, their accreditation and
their revocation lists. They are kept in the database for all nodes; a change counts
on each of them within seconds and is written to the system's journal.`,
		Example: "  propusk trust list",
	}
	cmd.AddCommand(trustImportCommand(), trustListCommand(), trustConfigureCommand(), trustRefreshCommand(), trustRemoveCommand())
	return cmd
}

// withTrust opens the trust over the configured database for one act of a command.
func withTrust(act func(cmd *cobra.Command, args []string, t *trust.Trust) error) func(*cobra.Command, []string) error {
	return withBase(func(cmd *cobra.Command, args []string, b *base) error {
		t, err := b.openTrust(cmd.Context())
		if err != nil {
			return err
		}
		defer t.Close()
		return act(cmd, args, t)
	})
}

// openTrust opens the trust with the configuration's policy.
func (b *base) openTrust(ctx context.Context) (*trust.Trust, error) {
	c := b.cfg.Signature
	t, err := trust.Open(ctx, trust.Deps{
		DB: b.db, Journal: b.journal, Events: b.volatile, Now: b.now, Log: b.log, Metrics: b.metrics,
		Policy: signature.Policy{MinimumClass: signature.ParseClass(c.Class())}, Concurrency: c.GOSTConcurrency,
		Remote: trust.Remote{URL: c.VerifierURL, Token: c.VerifierToken.Reveal()},
	})
	if err != nil {
		return nil, fmt.Errorf("open the trust in authorities: %w", err)
	}
	return t, nil
}

// byFlag names the operator for the journal: by default, who is logged in here.
func byFlag(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().String("by", "", "who decides this, for the journal (the account of this machine)")
	return cmd
}

func by(cmd *cobra.Command) string {
	if name, _ := cmd.Flags().GetString("by"); name != "" {
		return name
	}
	if account, err := user.Current(); err == nil {
		return account.Username
	}
	return "unknown"
}

func trustImportCommand() *cobra.Command {
	var m trust.Material
	cmd := byFlag(asJSON(&cobra.Command{
		Use:   "import [PATH...]",
		Short: "Trust authorities: certificates, the accredited list, revocation lists",
		Long: `Trust the authorities whose certificates stand at the paths (PEM or DER, files or
folders that are searched through), with everything that they certify. What one of
them has signed is not trusted by itself: it helps to find the path.

--list takes the XML list of accredited authorities; each counts by the history of
its accreditation, and those that left the list end with its date. The list's own
signature is not checked: compare the printed digest with the publisher's.

--crls takes revocation lists from files, for a house that cannot fetch them.`,
		Example: `  propusk trust import --list accredited.xml
  propusk trust import roots/ --intermediates ca/ --crls crls/ --json`,
		RunE: withTrust(func(cmd *cobra.Command, args []string, t *trust.Trust) error {
			m.Roots = args
			if wanted, _ := cmd.Flags().GetBool("json"); !wanted {
				fmt.Fprintf(cmd.ErrOrStderr(), "Reading %d paths of certificates, %d accredited lists, %d paths of revocation lists.\n",
					len(m.Roots)+len(m.Intermediates), len(m.Lists), len(m.CRLs))
			}
			report, err := t.Import(cmd.Context(), by(cmd), m)
			if shown := showImport(cmd, report); err == nil {
				err = shown
			}
			return err
		}),
	}))
	cmd.Flags().StringArrayVar(&m.Intermediates, "intermediates", nil, "certificates that help to find a path, without trust in them: a file or a folder (repeat)")
	cmd.Flags().StringArrayVar(&m.CRLs, "crls", nil, "revocation lists of trusted authorities: a file or a folder (repeat)")
	cmd.Flags().StringArrayVar(&m.Lists, "list", nil, "XML list of accredited authorities (repeat)")
	return cmd
}

func showImport(cmd *cobra.Command, report trust.Report) error {
	return show(cmd, report, func(w io.Writer) {
		for _, part := range []struct {
			what  string
			names []string
		}{
			{"trusted", report.Added}, {"changed", report.Changed},
			{"no longer accredited", report.Removed}, {"leads to an authority", report.Helping},
		} {
			for _, name := range part.names {
				fmt.Fprintf(w, "%s\t%s\n", part.what, name)
			}
		}
		for _, refused := range report.Refused {
			fmt.Fprintf(w, "refused\t%s: %s\n", refused.What, refused.Why)
		}
		for path, digest := range report.Digests {
			fmt.Fprintf(w, "SHA-256 of %s\t%s\n", path, digest)
		}
		fmt.Fprintf(w, "unchanged\t%d\nrevocation lists\t%d\n", report.Unchanged, report.CRLs)
	})
}

func trustListCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "list",
		Short:   "Show the trusted authorities and how fresh their revocation lists are",
		Example: "  propusk trust list\n  propusk trust list --json",
		Args:    cobra.NoArgs,
		RunE: withTrust(func(cmd *cobra.Command, _ []string, t *trust.Trust) error {
			records, err := t.Records(cmd.Context())
			if err != nil {
				return err
			}
			lists := t.Freshness()
			answer := map[string]any{"authorities": records, "revocation_lists": lists}
			return show(cmd, answer, func(w io.Writer) { writeTrust(w, records, lists, time.Now()) })
		}),
	})
}

func writeTrust(w io.Writer, records []trust.Record, lists []signature.Freshness, now time.Time) {
	fmt.Fprintln(w, "AUTHORITY\tID\tACCREDITED\tWITHOUT REVOCATION DATA\tCHANGED BY\tCHANGED")
	for _, r := range records {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, r.ID, accreditation(r.Accreditation), failOpen(r.DangerouslyFailOpen, now), r.ChangedBy, instant(r.ChangedAt))
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "REVOCATION LIST\tAUTHORITY\tSTATE\tUNTIL\tREVOKED\tLAST FAULT")
	for _, f := range lists {
		fmt.Fprintln(w, listLine(f, now))
	}
}

func listLine(f signature.Freshness, now time.Time) string {
	state, until := "fresh", "-"
	if f.Stale(now) {
		state = "missing"
	}
	if !f.NextUpdate.IsZero() {
		until = f.NextUpdate.UTC().Format(time.DateTime)
		if f.Stale(now) {
			state = "stale"
		}
	}
	return strings.Join([]string{f.Address, f.Authority, state, until, fmt.Sprint(f.Revoked), f.Fault}, "\t")
}

// accreditation is the last interval, or that the operator alone trusts it.
func accreditation(intervals []signature.Interval) string {
	if len(intervals) == 0 {
		return "by the operator"
	}
	last := intervals[len(intervals)-1]
	text := "since " + last.From.Format(time.DateOnly)
	if !last.To.IsZero() {
		text += " until " + last.To.Format(time.DateOnly)
	}
	return text
}

func failOpen(decision *signature.FailOpen, now time.Time) string {
	switch {
	case decision == nil:
		return "refused"
	case !decision.Until.After(now):
		return "refused (a decision ended)"
	}
	return "ACCEPTED until " + decision.Until.UTC().Format(time.DateTime) + " by " + decision.By
}

func trustConfigureCommand() *cobra.Command {
	cmd := byFlag(asJSON(&cobra.Command{
		Use:   "configure AUTHORITY",
		Short: "Say where an authority's revocation data is, or decide to do without it",
		Long: `Set the addresses that an authority's revocation lists and answers are asked from;
the addresses given take the place of all earlier ones. They come from the operator
and the accredited list, never from a certificate that somebody presents.

--fail-open-until accepts signatures while revocation data is missing, never when it
is forged. DANGER: a stolen card goes on working. It needs --reason and --by, ends by
itself, at the latest after 31 days, and is written to the journal at each use.
--fail-closed ends it at once.`,
		Example: `  propusk trust configure 1027700132195 --crl http://crl.uc.example/uc.crl --ocsp http://ocsp.uc.example
  propusk trust configure 1027700132195 --fail-open-until 2026-03-01T12:00:00Z \
      --reason "their distribution point is down, ticket 4711" --by "Соколов А. В."`,
		Args: cobra.ExactArgs(1),
		RunE: withTrust(func(cmd *cobra.Command, args []string, t *trust.Trust) error {
			change, err := trustChange(cmd)
			if err != nil {
				return err
			}
			configured, err := t.Configure(cmd.Context(), by(cmd), args[0], change)
			if err != nil {
				return err
			}
			return show(cmd, configured, func(w io.Writer) {
				fmt.Fprintf(w, "authority\t%s\nrevocation lists\t%s\nresponders\t%s\nwithout revocation data\t%s\n", configured.Name,
					strings.Join(configured.CRLs, " "), strings.Join(configured.OCSP, " "), failOpen(configured.DangerouslyFailOpen, time.Now()))
			})
		}),
	}))
	f := cmd.Flags()
	f.StringArray("crl", nil, "address of a revocation list; an empty one takes them all away (repeat)")
	f.StringArray("ocsp", nil, "address of a responder; an empty one takes them all away (repeat)")
	f.Bool("ocsp-nonce-optional", false, "accept answers without a nonce, for responders that cannot")
	f.String("fail-open-until", "", "accept signatures without revocation data until then, RFC 3339. DANGER")
	f.String("reason", "", "why, for the journal")
	f.Bool("fail-closed", false, "end such a decision")
	cmd.MarkFlagsMutuallyExclusive("fail-open-until", "fail-closed")
	cmd.MarkFlagsRequiredTogether("fail-open-until", "reason")
	return cmd
}

// trustChange reads the flags that were given.
func trustChange(cmd *cobra.Command) (change trust.Change, err error) {
	f := cmd.Flags()
	for name, field := range map[string]**[]string{"crl": &change.CRLs, "ocsp": &change.OCSP} {
		if !f.Changed(name) {
			continue
		}
		given, _ := f.GetStringArray(name)
		if len(given) == 1 && given[0] == "" {
			given = []string{}
		}
		*field = &given
	}
	if f.Changed("ocsp-nonce-optional") {
		optional, _ := f.GetBool("ocsp-nonce-optional")
		change.OCSPNonceOptional = &optional
	}
	if closed, _ := f.GetBool("fail-closed"); closed {
		change.FailOpen = &signature.FailOpen{By: by(cmd)}
	}
	if until, _ := f.GetString("fail-open-until"); until != "" {
		if !f.Changed("by") {
			return change, errors.New("--fail-open-until is somebody's decision: name him by --by")
		}
		reason, _ := f.GetString("reason")
		change.FailOpen = &signature.FailOpen{By: by(cmd), Reason: reason}
		if change.FailOpen.Until, err = time.Parse(time.RFC3339, until); err != nil {
			return change, fmt.Errorf("--fail-open-until %q is not a moment like 2026-03-01T12:00:00Z", until)
		}
	}
	return change, nil
}

func trustRefreshCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:   "refresh",
		Short: "Fetch every revocation list now",
		Long: `Fetch every revocation list now, as a node does by itself every hour and before one
grows stale. Each address is told as it answers. Exit status 1 when one has failed:
the last good list from there goes on counting until its end.`,
		Example: "  propusk trust refresh",
		Args:    cobra.NoArgs,
		RunE: withTrust(func(cmd *cobra.Command, _ []string, t *trust.Trust) error {
			wanted, _ := cmd.Flags().GetBool("json")
			var mu sync.Mutex
			failed := false
			err := t.RefreshAll(cmd.Context(), func(f signature.Freshness) {
				mu.Lock()
				defer mu.Unlock()
				failed = failed || f.Fault != ""
				if !wanted {
					fmt.Fprintln(cmd.ErrOrStderr(), listLine(f, time.Now()))
				}
			})
			if err != nil {
				return err
			}
			lists := t.Freshness()
			err = show(cmd, lists, func(w io.Writer) { fmt.Fprintf(w, "%d revocation lists\n", len(lists)) })
			if err == nil && failed {
				err = statusError(1)
			}
			return err
		}),
	})
}

func trustRemoveCommand() *cobra.Command {
	cmd := byFlag(asJSON(&cobra.Command{
		Use:   "remove AUTHORITY",
		Short: "End the trust in an authority, also for what it issued before",
		Long: `End the trust in an authority at once, for all times: what it issued is refused,
whenever it was signed. One that merely lost its accreditation is not removed: the
next accredited list ends it, and its past goes on being judged by its time.`,
		Example: `  propusk trust remove 1027700132195 --reason "its key was stolen on 3 May"`,
		Args:    cobra.ExactArgs(1),
		RunE: withTrust(func(cmd *cobra.Command, args []string, t *trust.Trust) error {
			reason, _ := cmd.Flags().GetString("reason")
			if err := t.Remove(cmd.Context(), by(cmd), args[0], reason); err != nil {
				return err
			}
			return show(cmd, map[string]string{"id": args[0], "status": "removed"}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is trusted no more.\n", args[0])
			})
		}),
	}))
	cmd.Flags().String("reason", "", "why, for the journal (required)")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

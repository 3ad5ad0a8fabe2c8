package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/registry"
)

func registryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "registry",
		Short: "The state register of organisations (ЕГРЮЛ, ЕГРИП)",
		Long: `The register that organisations are checked against: records of the published files,
kept in the database for all nodes, found by ИНН or ОГРН.`,
		Example: "  propusk registry import egrul/ egrip.zip\n  propusk registry show 7801234564",
	}
	cmd.AddCommand(registryImportCommand(), registryShowCommand(), registryFilesCommand())
	return cmd
}

func registryImportCommand() *cobra.Command {
	return byFlag(asJSON(&cobra.Command{
		Use:   "import PATH...",
		Short: "Read files of the register: XML, ZIP archives, folders of them",
		Long: `Read files of the register in the published XML form (EGRUL and EGRIP, windows-1251
or UTF-8), ZIP archives of them, and folders that are searched through.

The record of the newer extract stands, whichever file comes first. An import that
was cut goes on where it stopped; a file that was read to its end is passed over.
What is wrong with a file is told as file:line: a record without valid numbers is left
out, of another one only the particular that is wrong. Exit status 1 when a record was
left out or a file could not be read to its end; the others are imported all the same.`,
		Example: "  propusk registry import /srv/egrul/2026-11-20\n  propusk registry import EGRUL_406.zip EGRIP_405.zip --json",
		Args:    cobra.MinimumNArgs(1),
		RunE: withBase(func(cmd *cobra.Command, args []string, b *base) error {
			report, err := b.importedRegistry().Import(cmd.Context(), by(cmd), args, watchImport(cmd))
			if shown := showRegistryReport(cmd, report); err == nil {
				err = shown
			}
			if err == nil && report.Refused+int64(report.Broken) > 0 {
				err = statusError(1)
			}
			return err
		}),
	}))
}

// watchImport tells faults and, for people, the progress on standard error.
func watchImport(cmd *cobra.Command) registry.Watch {
	out := cmd.ErrOrStderr()
	w := registry.Watch{Fault: func(f registry.Fault) {
		weight := "warning"
		if f.Refused {
			weight = "refused"
		}
		fmt.Fprintf(out, "%s [%s]\n", f, weight)
	}}
	if wanted, _ := cmd.Flags().GetBool("json"); !wanted {
		w.Progress = func(p registry.Progress) {
			fmt.Fprintf(out, "%d records, %.0f a second, %d faults, %s\n", p.Records, p.Rate, p.Faults, p.File)
		}
	}
	return w
}

func showRegistryReport(cmd *cobra.Command, r registry.Report) error {
	return show(cmd, r, func(w io.Writer) {
		fmt.Fprintf(w, "files read\t%d\nimported before\t%d\nnot read to the end\t%d\nrecords\t%d\nnew or newer\t%d\nleft out\t%d\nfaults\t%d\nread by an earlier run\t%d\nseconds\t%d\n",
			r.Files, r.Known, r.Broken, r.Records, r.Stored, r.Refused, r.Faults, r.Resumed, r.Duration)
	})
}

func registryShowCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "show NUMBER",
		Short:   "Show what the register says about an organisation, by ИНН or ОГРН",
		Example: "  propusk registry show 7801234564 --json",
		Args:    cobra.ExactArgs(1),
		RunE: withBase(func(cmd *cobra.Command, args []string, b *base) error {
			source, err := b.configuredRegistry()
			if err != nil {
				return err
			}
			record, err := source.Find(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return show(cmd, record, func(w io.Writer) { writeRecord(w, record) })
		}),
	})
}

// configuredRegistry is what a node would ask.
func (b *base) configuredRegistry() (authority.Registry, error) {
	signer, err := b.authoritySigner()
	if err != nil {
		return nil, err
	}
	bodies, err := authorityBodies(b.cfg.Authority)
	if err != nil {
		return nil, err
	}
	return b.openRegistry(bodies, signer)
}

func writeRecord(w io.Writer, r authority.Record) {
	for _, line := range [][2]string{
		{"name", r.FullName}, {"short name", r.ShortName}, {"ИНН", r.INN}, {"КПП", r.KPP}, {"ОГРН", r.OGRN}, {"registered", string(r.OGRNDate)},
		{"status", r.Status.Name}, {"address", r.Address.Text}, {"activity", r.Activity.Code + " " + r.Activity.Name}, {"extract of", string(r.ExtractDate)},
	} {
		if line[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
		}
	}
	for _, head := range r.Heads {
		fmt.Fprintf(w, "head\t%s, %s\n", head.Person.Name(), head.Position)
	}
	for _, restriction := range r.Restrictions {
		fmt.Fprintf(w, "restriction\t%s\n", restriction.Text)
	}
	if r.Termination != nil {
		fmt.Fprintf(w, "ended\t%s %s\n", r.Termination.Date, r.Termination.Method)
	}
}

func registryFilesCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "files",
		Short:   "Show which files were imported and how many records there are",
		Example: "  propusk registry files",
		Args:    cobra.NoArgs,
		RunE: withBase(func(cmd *cobra.Command, _ []string, b *base) error {
			store := b.importedRegistry()
			files, err := store.Files(cmd.Context(), 1000)
			if err != nil {
				return err
			}
			count, err := store.Count(cmd.Context())
			if err != nil {
				return err
			}
			return show(cmd, map[string]any{"records": count, "files": files}, func(w io.Writer) {
				fmt.Fprintln(w, "FILE\tRECORDS\tFAULTS\tFINISHED\tCHANGED")
				for _, f := range files {
					fmt.Fprintf(w, "%s\t%d\t%d\t%t\t%s\n", f.Name, f.Done, f.Faults, f.Finished, instant(f.ChangedAt))
				}
				fmt.Fprintf(w, "\n%d records in all\n", count)
			})
		}),
	})
}

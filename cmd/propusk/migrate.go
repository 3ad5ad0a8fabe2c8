package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"propusk/storage"
)

func migrateCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:   "migrate",
		Short: "Bring the database up to date",
		Long: `Bring the tables of the configured database up to date. Safe to repeat, and
safe beside running nodes of the release before.`,
		Example: "  PROPUSK_DATABASE_URL=postgres://db/propusk propusk migrate",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settings(cmd)
			if err != nil {
				return err
			}
			address, err := databaseURL(cfg.Database.URL.Reveal())
			if err != nil {
				return err
			}
			db, err := storage.Open(cmd.Context(), address)
			if err != nil {
				return fmt.Errorf("open the database: %w", err)
			}
			defer db.Close()
			if err := db.Migrate(cmd.Context()); err != nil {
				return fmt.Errorf("bring the database up to date: %w", err)
			}
			return show(cmd, map[string]string{"database": db.Engine(), "status": "up to date"}, func(w io.Writer) {
				fmt.Fprintln(w, "The database is up to date.")
			})
		},
	})
}

package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"propusk/idp/directory"
	"propusk/storage"
)

// userUnusedCommand finds accounts that nobody uses, so that none waits for a thief.
func userUnusedCommand() *cobra.Command {
	var days int
	var block bool
	cmd := asJSON(&cobra.Command{
		Use:   "unused",
		Short: "Show, or block, people who have not signed in for long",
		Long: `Show active people who have not signed in for so many days, and with --block block
them: sessions and tokens end. An organisation's only administrator is shown and not
blocked. A blocked person is let in again by ` + "`propusk user unblock`" + `.`,
		Example: `  propusk user unused --days 180
  propusk user unused --days 365 --block --json`,
		Args: cobra.NoArgs,
		RunE: withBase(func(cmd *cobra.Command, _ []string, b *base) error {
			if days < 0 {
				return errors.New("--days is how many days ago, 0 or more")
			}
			people, err := b.unused(cmd.Context(), days)
			if err != nil {
				return err
			}
			answers := make([]userAnswer, len(people))
			for i, p := range people {
				if block {
					if p.Status, err = b.blockUnused(cmd.Context(), p); err != nil {
						return err
					}
				}
				answers[i] = userAnswerOf(p)
			}
			return showUsers(cmd, answers)
		}),
	})
	cmd.Flags().IntVar(&days, "days", 90, "days without a sign-in")
	cmd.Flags().BoolVar(&block, "block", false, "block them. DANGER: they cannot sign in until unblocked")
	return cmd
}

func (b *base) unused(ctx context.Context, days int) ([]directory.Person, error) {
	since := storage.Of(b.now().Add(-time.Duration(days) * 24 * time.Hour))
	return everyone(ctx, func(ctx context.Context, p directory.Page) ([]directory.Person, string, error) {
		return b.directory.Unused(ctx, since, p)
	})
}

// blockUnused blocks a person, but for whom an organisation cannot do without, and
// answers the status.
func (b *base) blockUnused(ctx context.Context, p directory.Person) (status string, err error) {
	err = b.directory.SetPersonStatus(ctx, directory.System(), p.ID, directory.StatusBlocked)
	if errors.Is(err, directory.ErrLastAdministrator) {
		return p.Status, nil
	}
	return directory.StatusBlocked, err
}

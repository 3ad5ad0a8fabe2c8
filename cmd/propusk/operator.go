package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/storage"
)

func operatorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "operator",
		Short: "Who may help people back in",
		Long: `Operators help people who have lost everything they sign in by. It takes two of
them for each recovery (propusk user recover); whoever is appointed or dismissed is
told, and so is the journal.`,
		Example: "  propusk operator list",
	}
	cmd.AddCommand(
		moveOperatorCommand("appoint", "Let a person help others back in", (*directory.Directory).AppointOperator),
		moveOperatorCommand("dismiss", "Take that back", (*directory.Directory).DismissOperator),
		operatorListCommand(),
	)
	return cmd
}

func moveOperatorCommand(verb, short string, move func(d *directory.Directory, ctx context.Context, actor directory.Actor, personID string) error) *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     verb + " PERSON",
		Short:   short,
		Example: "  propusk operator " + verb + " andrey.sokolov@company.ru",
		Args:    cobra.ExactArgs(1),
		RunE: withPerson(func(cmd *cobra.Command, b *base, p directory.Person) error {
			if err := move(b.directory, cmd.Context(), directory.System(), p.ID); err != nil {
				return err
			}
			return showUser(cmd, userAnswerOf(p))
		}),
	})
}

func operatorListCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "list",
		Short:   "Show the operators",
		Example: "  propusk operator list --json",
		Args:    cobra.NoArgs,
		RunE: withBase(func(cmd *cobra.Command, _ []string, b *base) error {
			operators, err := b.directory.Operators(cmd.Context())
			if err != nil {
				return err
			}
			answers := make([]userAnswer, 0, len(operators))
			for _, p := range operators {
				answers = append(answers, userAnswerOf(p))
			}
			return showUsers(cmd, answers)
		}),
	})
}

// operatorFlags ask who acts, and for the proof of it: four eyes would be two
// otherwise.
func operatorFlags(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().String("operator", "", "the operator who acts, by login or id (required)")
	cmd.Flags().String("code", "", "the operator's one-time code, when he has a code generator")
	passwordFlags(cmd)
	_ = cmd.MarkFlagRequired("operator")
	return cmd
}

// operatorFlag verifies who acts.
func (b *base) operatorFlag(cmd *cobra.Command) (directory.Actor, error) {
	name, _ := cmd.Flags().GetString("operator")
	p, err := b.findPerson(cmd.Context(), name)
	if err != nil {
		return directory.Actor{}, err
	}
	password, err := passwordFlag(cmd)
	if err != nil {
		return directory.Actor{}, err
	}
	code, _ := cmd.Flags().GetString("code")
	if err := b.proveOperator(cmd.Context(), p, password, code); err != nil {
		return directory.Actor{}, err
	}
	return directory.Actor{PersonID: p.ID}, nil
}

// proveOperator asks for the password, and for a code of the operator's generator
// where there is one.
func (b *base) proveOperator(ctx context.Context, p directory.Person, password, code string) error {
	guess := factor.Guess{PersonID: p.ID}
	err := b.passwords.Verify(ctx, guess, password)
	if err != nil {
		return unproven(p, err)
	}
	_, confirmed, err := b.directory.TOTP(ctx, p.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case err != nil || !confirmed:
		return err
	}
	return unproven(p, b.totp.Verify(ctx, guess, code))
}

func unproven(p directory.Person, err error) error {
	if errors.Is(err, factor.ErrWrong) {
		return fmt.Errorf("%s did not prove who acts: password by --password-stdin, one-time code by --code", p.FullName())
	}
	return err
}

// showUsers prints a list of people.
func showUsers(cmd *cobra.Command, answers []userAnswer) error {
	return show(cmd, answers, func(w io.Writer) {
		fmt.Fprintln(w, "NUMBER\tNAME\tE-MAIL\tSTATUS\tID")
		for _, u := range answers {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", u.Number, u.Name, u.Email, u.Status, u.ID)
		}
	})
}

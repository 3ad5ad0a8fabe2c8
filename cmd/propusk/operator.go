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
		Short: "Who works in the operators' console, as what",
		Long: `Operators keep the house: support looks people and organisations up, answers tickets
and helps back in who has lost everything he signs in by (two operators for each
recovery); moderator decides about registrations and changes of profiles; security
looks after trust, keys, clients, jobs and the journal. Whoever is appointed or
dismissed is told, and so is the journal. The console takes a passkey or a
certificate only: appoint somebody who has one. Whoever loses all of them is dismissed,
recovers, and is appointed again.`,
		Example: "  propusk operator list",
	}
	cmd.AddCommand(operatorAppointCommand(), operatorDismissCommand(), operatorListCommand())
	return cmd
}

func operatorAppointCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:     "appoint PERSON",
		Short:   "Make a person an operator, or change what he does",
		Example: "  propusk operator appoint andrey.sokolov@company.ru --role support --role moderator",
		Args:    cobra.ExactArgs(1),
		RunE: withPerson(func(cmd *cobra.Command, b *base, p directory.Person) error {
			names, _ := cmd.Flags().GetStringSlice("role")
			roles := make([]directory.OperatorRole, len(names))
			for i, name := range names {
				roles[i] = directory.OperatorRole(name)
			}
			err := b.directory.AppointOperator(cmd.Context(), directory.System(), p.ID, roles...)
			if _, wrong := errors.AsType[*directory.FieldError](err); wrong {
				return fmt.Errorf("no such role among %q: the roles are support, moderator and security", names)
			}
			if err != nil {
				return err
			}
			return showUser(cmd, userAnswerOf(p))
		}),
	})
	cmd.Flags().StringSlice("role", nil, "support, moderator or security; may be repeated (default all three)")
	return cmd
}

func operatorDismissCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "dismiss PERSON",
		Short:   "Take that back",
		Example: "  propusk operator dismiss andrey.sokolov@company.ru",
		Args:    cobra.ExactArgs(1),
		RunE: withPerson(func(cmd *cobra.Command, b *base, p directory.Person) error {
			if err := b.directory.DismissOperator(cmd.Context(), directory.System(), p.ID); err != nil {
				return err
			}
			return showUser(cmd, userAnswerOf(p))
		}),
	})
}

// operatorAnswer is an operator as the command line prints him.
type operatorAnswer struct {
	userAnswer
	Roles []directory.OperatorRole `json:"roles"`
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
			answers := make([]operatorAnswer, len(operators))
			for i, o := range operators {
				answers[i] = operatorAnswer{userAnswerOf(o.Person), o.Roles()}
			}
			return show(cmd, answers, func(w io.Writer) {
				fmt.Fprintln(w, "NUMBER\tNAME\tE-MAIL\tSTATUS\tROLES\tID")
				for _, o := range answers {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%v\t%s\n", o.Number, o.Name, o.Email, o.Status, o.Roles, o.ID)
				}
			})
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

package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"propusk/idp/directory"
	"propusk/storage"
)

func userCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "People and their credentials", Example: "  propusk user show elena.morozova@severny-mayak.example"}
	cmd.AddCommand(userCreateCommand(), userListCommand(), userShowCommand(), userSetPasswordCommand(), userResetTOTPCommand(),
		userStatusCommand("block", directory.StatusBlocked, "End a person's sessions and tokens and refuse new ones"),
		userStatusCommand("unblock", directory.StatusActive, "Let a blocked person sign in again"),
		userUnusedCommand(), userUnlockCommand(), userConfirmCommand(), userRecoverCommand())
	return cmd
}

// userAnswer is a person as the command line prints it.
type userAnswer struct {
	ID            string             `json:"id"`
	Number        string             `json:"number"`
	Name          string             `json:"name"`
	Email         string             `json:"email,omitempty"`
	EmailVerified bool               `json:"email_verified"`
	Phone         string             `json:"phone,omitempty"`
	PhoneVerified bool               `json:"phone_verified"`
	Status        string             `json:"status"`
	CreatedAt     storage.Time       `json:"created_at"`
	TOTPSecret    string             `json:"totp_secret,omitempty"` // at creation only
	Organisations []membershipAnswer `json:"organisations,omitempty"`
}

type membershipAnswer struct {
	ID   string         `json:"id"`
	INN  string         `json:"inn"`
	Name string         `json:"name"`
	Role directory.Role `json:"role"`
}

func userAnswerOf(p directory.Person) userAnswer {
	return userAnswer{
		ID: p.ID, Number: p.Number, Name: p.FullName(), Email: p.Email, EmailVerified: p.EmailVerified,
		Phone: p.Phone, PhoneVerified: p.PhoneVerified, Status: p.Status, CreatedAt: p.CreatedAt,
	}
}

func showUser(cmd *cobra.Command, u userAnswer) error {
	return show(cmd, u, func(w io.Writer) {
		fmt.Fprintf(w, "id\t%s\nnumber\t%s\nname\t%s\ne-mail\t%s\nphone\t%s\nstatus\t%s\n", u.ID, u.Number, u.Name, u.Email, u.Phone, u.Status)
		if u.TOTPSecret != "" {
			fmt.Fprintf(w, "code generator\t%s\t(shown this once)\n", u.TOTPSecret)
		}
		for _, o := range u.Organisations {
			fmt.Fprintf(w, "member of\t%s, ИНН %s, %s\n", o.Name, o.INN, o.Role)
		}
	})
}

func userCreateCommand() *cobra.Command {
	var n directory.NewPerson
	cmd := asJSON(&cobra.Command{
		Use:   "create",
		Short: "Add a person",
		Long: `Add a person. Without a password the person cannot sign in yet; set one with
--password-stdin here or ` + "`propusk user set-password`" + ` later. --totp sets up a code
generator and prints its secret this once; without it the first sign-in does.`,
		Example: `  propusk user create --last-name Морозова --first-name Елена --email elena@severny-mayak.example --verified --password-stdin < password`,
		Args:    cobra.NoArgs,
		RunE: withBase(func(cmd *cobra.Command, _ []string, b *base) error {
			if verified, _ := cmd.Flags().GetBool("verified"); verified {
				n.EmailVerified, n.PhoneVerified = n.Email != "", n.Phone != ""
			}
			n.NumbersVerified = true // whoever runs this command answers for them
			password, err := passwordFlag(cmd)
			if err != nil {
				return err
			}
			totp, _ := cmd.Flags().GetBool("totp")
			made, err := b.createUser(cmd.Context(), n, password, totp)
			if err != nil {
				return err
			}
			return showUser(cmd, made)
		}),
	})
	f := cmd.Flags()
	f.StringVar(&n.LastName, "last-name", "", "фамилия")
	f.StringVar(&n.FirstName, "first-name", "", "имя")
	f.StringVar(&n.MiddleName, "middle-name", "", "отчество")
	f.StringVar(&n.Email, "email", "", "e-mail")
	f.StringVar(&n.Phone, "phone", "", "phone")
	f.StringVar(&n.SNILS, "snils", "", "СНИЛС, from the document. DANGER: a qualified certificate with it signs in as this person")
	f.StringVar(&n.INN, "inn", "", "ИНН, from the document, with the same effect")
	f.StringVar(&n.Locale, "locale", "ru", "language of messages: ru, en")
	f.Bool("verified", false, "e-mail and phone were proved to be the person's. DANGER: whoever holds a verified one gets codes and invitations")
	f.Bool("totp", false, "set up a code generator and print its secret")
	passwordFlags(cmd)
	_ = cmd.MarkFlagRequired("last-name")
	_ = cmd.MarkFlagRequired("first-name")
	return cmd
}

// createUser adds the person with all credentials, or nothing of it.
func (b *base) createUser(ctx context.Context, n directory.NewPerson, password string, totp bool) (made userAnswer, err error) {
	err = b.db.Tx(ctx, func(ctx context.Context) error {
		p, err := b.directory.CreatePerson(ctx, n)
		if err != nil {
			return err
		}
		made = userAnswerOf(p)
		if password != "" {
			if err := b.setPassword(ctx, p, password); err != nil {
				return err
			}
		}
		if totp {
			made.TOTPSecret, err = b.setUpTOTP(ctx, p.ID)
		}
		return err
	})
	return made, err
}

// setUpTOTP makes a code generator that is confirmed already: whoever runs this
// command hands the secret over.
func (b *base) setUpTOTP(ctx context.Context, personID string) (string, error) {
	secret := make([]byte, 20) // RFC 4226 §4, R6
	_, _ = rand.Read(secret)   // never fails (crypto/rand)
	if err := b.directory.SetTOTP(ctx, personID, secret); err != nil {
		return "", err
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	return text, b.directory.ConfirmTOTP(ctx, personID)
}

func passwordFlags(cmd *cobra.Command) {
	cmd.Flags().String("password", "", "password. DANGER: other users of this machine see it in the list of processes")
	cmd.Flags().Bool("password-stdin", false, "read the password from standard input")
	cmd.MarkFlagsMutuallyExclusive("password", "password-stdin")
}

// passwordFlag is the password that was given, "" for none.
func passwordFlag(cmd *cobra.Command) (string, error) {
	if stdin, _ := cmd.Flags().GetBool("password-stdin"); !stdin {
		return cmd.Flags().GetString("password")
	}
	line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("standard input holds no password")
	}
	return line, nil
}

func userListCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "list",
		Short:   "Show every person",
		Example: "  propusk user list --json",
		Args:    cobra.NoArgs,
		RunE: withBase(func(cmd *cobra.Command, _ []string, b *base) error {
			people, err := everyone(cmd.Context(), b.directory.Persons)
			if err != nil {
				return err
			}
			answers := make([]userAnswer, 0, len(people))
			for _, p := range people {
				answers = append(answers, userAnswerOf(p))
			}
			return showUsers(cmd, answers)
		}),
	})
}

func userShowCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "show PERSON",
		Short:   "Show a person, named by login or id",
		Example: "  propusk user show +79210001101",
		Args:    cobra.ExactArgs(1),
		RunE: withPerson(func(cmd *cobra.Command, b *base, p directory.Person) error {
			u := userAnswerOf(p)
			memberships, err := b.directory.Memberships(cmd.Context(), p.ID)
			if err != nil {
				return err
			}
			for _, m := range memberships {
				u.Organisations = append(u.Organisations, membershipAnswer{m.Organisation.ID, m.INN, m.Name, m.Role})
			}
			return showUser(cmd, u)
		}),
	})
}

func userSetPasswordCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:     "set-password PERSON",
		Short:   "Set a person's password; the person is told",
		Example: "  propusk user set-password elena@severny-mayak.example --password-stdin < password",
		Args:    cobra.ExactArgs(1),
		RunE: withPerson(func(cmd *cobra.Command, b *base, p directory.Person) error {
			password, err := passwordFlag(cmd)
			if err != nil {
				return err
			}
			if password == "" {
				return errors.New("give the password by --password-stdin")
			}
			if err := b.setPassword(cmd.Context(), p, password); err != nil {
				return err
			}
			return showUser(cmd, userAnswerOf(p))
		}),
	})
	passwordFlags(cmd)
	return cmd
}

func userResetTOTPCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:   "reset-totp PERSON",
		Short: "Take a lost code generator away",
		Long: `Take a lost code generator away, once you are sure who asks; the person is told.
The next sign-in uses another second factor or sets up a new generator.`,
		Example: "  propusk user reset-totp elena@severny-mayak.example",
		Args:    cobra.ExactArgs(1),
		RunE: withPerson(func(cmd *cobra.Command, b *base, p directory.Person) error {
			err := b.directory.RemoveTOTP(cmd.Context(), directory.System(), p.ID)
			if errors.Is(err, storage.ErrNotFound) {
				return fmt.Errorf("%s has no code generator", p.FullName())
			}
			if err != nil {
				return err
			}
			return showUser(cmd, userAnswerOf(p))
		}),
	})
}

func userStatusCommand(verb, status, short string) *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     verb + " PERSON",
		Short:   short,
		Example: "  propusk user " + verb + " elena@severny-mayak.example",
		Args:    cobra.ExactArgs(1),
		RunE: withPerson(func(cmd *cobra.Command, b *base, p directory.Person) error {
			if err := b.directory.SetPersonStatus(cmd.Context(), directory.System(), p.ID, status); err != nil {
				return err
			}
			p.Status = status
			return showUser(cmd, userAnswerOf(p))
		}),
	})
}

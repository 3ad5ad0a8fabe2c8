package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"propusk/idp/directory"
	"propusk/storage"
)

func orgCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "org", Short: "Organisations and their members", Example: "  propusk org members 7801234564"}
	cmd.AddCommand(orgCreateCommand(), orgListCommand(), orgShowCommand(), orgMembersCommand(),
		orgAddMemberCommand(), orgChangeMemberCommand(), orgRemoveMemberCommand(), orgCloseCommand())
	return cmd
}

// orgAnswer is an organisation as the command line prints it.
type orgAnswer struct {
	ID          string       `json:"id"`
	Kind        string       `json:"kind"`
	INN         string       `json:"inn"`
	KPP         string       `json:"kpp,omitempty"`
	OGRN        string       `json:"ogrn"`
	Name        string       `json:"name"`
	FullName    string       `json:"full_name"`
	Status      string       `json:"status"`
	RequiredACR string       `json:"required_acr,omitempty"`
	CreatedAt   storage.Time `json:"created_at"`
}

func orgAnswerOf(o directory.Organisation) orgAnswer {
	return orgAnswer{o.ID, o.Kind, o.INN, o.KPP, o.OGRN, o.Name, o.FullName, o.Status, o.RequiredACR, o.CreatedAt}
}

func showOrg(cmd *cobra.Command, o directory.Organisation) error {
	return show(cmd, orgAnswerOf(o), func(w io.Writer) {
		fmt.Fprintf(w, "id\t%s\nname\t%s\nИНН\t%s\nКПП\t%s\nОГРН\t%s\nstatus\t%s\n", o.ID, o.Name, o.INN, o.KPP, o.OGRN, o.Status)
	})
}

func orgCreateCommand() *cobra.Command {
	var n directory.NewOrganisation
	cmd := asJSON(&cobra.Command{
		Use:   "create",
		Short: "Add an organisation with its first administrator",
		Example: `  propusk org create --inn 7801234564 --kpp 780101001 --ogrn 1027800123450 \
    --name "ООО «Северный маяк»" --administrator andrey.sokolov@severny-mayak.example
  propusk org create --kind sole --inn 780400112238 --ogrn 317784700123454 --name "ИП Морозова Е. С." --administrator +79210001101`,
		Args: cobra.NoArgs,
		RunE: withBase(func(cmd *cobra.Command, _ []string, b *base) error {
			name, _ := cmd.Flags().GetString("administrator")
			first, err := b.findPerson(cmd.Context(), name)
			if err != nil {
				return err
			}
			o, _, err := b.directory.CreateOrganisation(cmd.Context(), n, first.ID, directory.Administrator)
			if err != nil {
				return err
			}
			return showOrg(cmd, o)
		}),
	})
	f := cmd.Flags()
	f.StringVar(&n.Kind, "kind", directory.KindLegal, "legal (юридическое лицо) or sole (ИП)")
	f.StringVar(&n.INN, "inn", "", "ИНН")
	f.StringVar(&n.KPP, "kpp", "", "КПП, of a legal entity")
	f.StringVar(&n.OGRN, "ogrn", "", "ОГРН or ОГРНИП")
	f.StringVar(&n.Name, "name", "", "short name")
	f.StringVar(&n.FullName, "full-name", "", "full name; the short one when empty")
	f.StringVar(&n.Address, "address", "", "registered address")
	f.StringVar(&n.Phone, "phone", "", "phone")
	f.StringVar(&n.Email, "email", "", "where notices of changes go; every administrator when empty")
	f.StringVar(&n.RequiredACR, "required-acr", "", "least assurance of its members, such as urn:propusk:qualified")
	f.String("administrator", "", "login or id of the first administrator")
	for _, name := range []string{"inn", "ogrn", "name", "administrator"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

func orgListCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "list",
		Short:   "Show every organisation",
		Example: "  propusk org list --json",
		Args:    cobra.NoArgs,
		RunE: withBase(func(cmd *cobra.Command, _ []string, b *base) error {
			organisations, err := everyone(cmd.Context(), b.directory.Organisations)
			if err != nil {
				return err
			}
			answers := make([]orgAnswer, 0, len(organisations))
			for _, o := range organisations {
				answers = append(answers, orgAnswerOf(o))
			}
			return show(cmd, answers, func(w io.Writer) {
				fmt.Fprintln(w, "ИНН\tNAME\tSTATUS\tID")
				for _, o := range answers {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", o.INN, o.Name, o.Status, o.ID)
				}
			})
		}),
	})
}

func orgShowCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "show ORGANISATION",
		Short:   "Show one organisation, named by ИНН or id",
		Example: "  propusk org show 7801234564",
		Args:    cobra.ExactArgs(1),
		RunE: withOrganisation(func(cmd *cobra.Command, _ *base, o directory.Organisation) error {
			return showOrg(cmd, o)
		}),
	})
}

// memberAnswer is a member as the command line prints it.
type memberAnswer struct {
	ID          string                 `json:"id"`
	PersonID    string                 `json:"person_id"`
	Name        string                 `json:"name"`
	Role        directory.Role         `json:"role"`
	Position    string                 `json:"position,omitempty"`
	Permissions []directory.Permission `json:"permissions"`
	ActivatedAt storage.Time           `json:"activated_at"`
}

func memberAnswerOf(m directory.Member, name string) memberAnswer {
	return memberAnswer{m.ID, m.PersonID, name, m.Role, m.Position, m.Permissions(), m.ActivatedAt}
}

func showMember(cmd *cobra.Command, m directory.Member, name string) error {
	return show(cmd, memberAnswerOf(m, name), func(w io.Writer) {
		fmt.Fprintf(w, "%s\t%s\t%s\n", name, m.Role, strings.Join(words(m.Permissions()), " "))
	})
}

func words(permissions []directory.Permission) []string {
	out := make([]string, len(permissions))
	for i, p := range permissions {
		out[i] = string(p)
	}
	return out
}

func orgMembersCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "members ORGANISATION",
		Short:   "Show the members of an organisation",
		Example: "  propusk org members 7801234564 --json",
		Args:    cobra.ExactArgs(1),
		RunE: withOrganisation(func(cmd *cobra.Command, b *base, o directory.Organisation) error {
			members, err := everyone(cmd.Context(), func(ctx context.Context, page directory.Page) ([]directory.MemberView, string, error) {
				return b.directory.Members(ctx, o.ID, page)
			})
			if err != nil {
				return err
			}
			answers := make([]memberAnswer, 0, len(members))
			for _, m := range members {
				answers = append(answers, memberAnswerOf(m.Member, m.FullName()))
			}
			return show(cmd, answers, func(w io.Writer) {
				fmt.Fprintln(w, "NAME\tROLE\tPOSITION\tSINCE\tPERSON")
				for _, m := range answers {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.Name, m.Role, m.Position, instant(m.ActivatedAt), m.PersonID)
				}
			})
		}),
	})
}

func memberFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("role", "", "administrator, head, manager, accountant, operator, observer, controller")
	f.StringSlice("grant", nil, "permission on top of the role's (repeat)")
	f.StringSlice("deny", nil, "permission taken from the role's (repeat)")
	f.String("position", "", "должность")
}

func permissionsFlag(cmd *cobra.Command, name string) []directory.Permission {
	values, _ := cmd.Flags().GetStringSlice(name)
	out := []directory.Permission{}
	for _, v := range values {
		out = append(out, directory.Permission(v))
	}
	return out
}

func orgAddMemberCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:     "add-member ORGANISATION PERSON",
		Short:   "Make a person a member, without an invitation",
		Example: "  propusk org add-member 7801234564 elena.morozova@severny-mayak.example --role accountant --deny finance:read",
		Args:    cobra.ExactArgs(2),
		RunE: withBase(func(cmd *cobra.Command, args []string, b *base) error {
			o, err := b.findOrganisation(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			p, err := b.findPerson(cmd.Context(), args[1])
			if err != nil {
				return err
			}
			role, _ := cmd.Flags().GetString("role")
			position, _ := cmd.Flags().GetString("position")
			m, err := b.directory.AddMember(cmd.Context(), directory.System(), directory.NewMember{
				OrganisationID: o.ID, PersonID: p.ID, Role: directory.Role(role), Position: position,
				Grants: permissionsFlag(cmd, "grant"), Denials: permissionsFlag(cmd, "deny"),
			})
			if err != nil {
				return err
			}
			return showMember(cmd, m, p.FullName())
		}),
	})
	memberFlags(cmd)
	_ = cmd.MarkFlagRequired("role")
	return cmd
}

func orgChangeMemberCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:     "change-member ORGANISATION PERSON",
		Short:   "Change a member's role, permissions or position; what no flag names stays",
		Example: "  propusk org change-member 7801234564 igor.vasiliev@severny-mayak.example --role controller",
		Args:    cobra.ExactArgs(2),
		RunE: withBase(func(cmd *cobra.Command, args []string, b *base) error {
			m, err := b.findMember(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			changed, err := b.directory.ChangeMember(cmd.Context(), directory.System(), m.OrganisationID, m.Member.ID, memberChange(cmd))
			if err != nil {
				return err
			}
			return showMember(cmd, changed, args[1])
		}),
	})
	memberFlags(cmd)
	return cmd
}

func memberChange(cmd *cobra.Command) (c directory.MemberChange) {
	f := cmd.Flags()
	if f.Changed("role") {
		text, _ := f.GetString("role")
		role := directory.Role(text)
		c.Role = &role
	}
	if f.Changed("position") {
		position, _ := f.GetString("position")
		c.Position = &position
	}
	if f.Changed("grant") {
		grants := permissionsFlag(cmd, "grant")
		c.Grants = &grants
	}
	if f.Changed("deny") {
		denials := permissionsFlag(cmd, "deny")
		c.Denials = &denials
	}
	return c
}

func orgRemoveMemberCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "remove-member ORGANISATION PERSON",
		Short:   "Remove a member; live tokens stop working within seconds",
		Example: "  propusk org remove-member 7801234564 igor.vasiliev@severny-mayak.example",
		Args:    cobra.ExactArgs(2),
		RunE: withBase(func(cmd *cobra.Command, args []string, b *base) error {
			m, err := b.findMember(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			if err := b.directory.RemoveMember(cmd.Context(), directory.System(), m.OrganisationID, m.Member.ID, nil); err != nil {
				return err
			}
			return show(cmd, map[string]string{"id": m.Member.ID, "status": "removed"}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is no member of %s any more.\n", args[1], m.Name)
			})
		}),
	})
}

func orgCloseCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "close ORGANISATION",
		Short:   "Close an organisation: nobody acts for it any more, its journal stays",
		Example: "  propusk org close 7801234564",
		Args:    cobra.ExactArgs(1),
		RunE: withOrganisation(func(cmd *cobra.Command, b *base, o directory.Organisation) error {
			if err := b.directory.CloseOrganisation(cmd.Context(), directory.System(), o.ID); err != nil {
				return err
			}
			return show(cmd, map[string]string{"id": o.ID, "status": directory.StatusClosed}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is closed.\n", o.Name)
			})
		}),
	})
}

package notice

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage/journal"
)

// askedMost is how many colleagues are told that somebody lacks a right, and how
// many are named.
const askedMost = 3

// asksADay bounds the rights that one person may ask for within a day in one
// organisation; more would be a way to flood colleagues and the journal.
const asksADay = 10

// grantorsView says who can give a permission.
type grantorsView struct {
	Permission directory.Permission `json:"permission"`
	Colleagues []api.Colleague      `json:"colleagues"`
}

// grantors finds who can give a permission in the token's organisation.
func (n *Notices) grantors(c api.Call, permission directory.Permission) ([]directory.MemberView, grantorsView, error) {
	view := grantorsView{Permission: permission, Colleagues: []api.Colleague{}}
	found, err := n.Directory.Grantors(c.Ctx(), c.Organisation(), permission, askedMost)
	if err != nil {
		return nil, view, err
	}
	for _, m := range found {
		view.Colleagues = append(view.Colleagues, api.Colleague{MemberID: m.Member.ID, Name: m.Person.FullName(), Role: m.Role})
	}
	return found, view, nil
}

// getGrantors answers GET /v1/organization/grantors: who can give a permission.
func (n *Notices) getGrantors(c api.Call) error {
	q := c.Query("permission")
	permission := directory.Permission(q.Text("permission", func(text string) bool { return directory.Permission(text).Valid() }))
	if permission == "" {
		q.Fault("permission", "required")
	}
	if err := q.Err(); err != nil {
		return err
	}
	_, view, err := n.grantors(c, permission)
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", view)
}

// postAccessRequest answers POST /v1/organization/access-requests: it tells those who
// can give a permission that the person lacks it, once a day for one permission.
// Nothing is given by it; who is told decides on the member's page.
func (n *Notices) postAccessRequest(c api.Call) error {
	if c.Person() == "" {
		return api.Refuse("person_required")
	}
	var body struct {
		Permission directory.Permission `json:"permission"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	switch {
	case !body.Permission.Valid():
		return api.InvalidField("/permission", "invalid")
	case c.Claims.HasPermission(string(body.Permission)):
		return api.Refuse("permission_held")
	}
	found, view, err := n.grantors(c, body.Permission)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return api.Refuse("nobody_to_ask")
	}
	if err := n.ask(c, body.Permission, found); err != nil {
		return err
	}
	return api.Answer(c, http.StatusAccepted, "", view)
}

// ask tells the colleagues and keeps in the journal that it was asked.
func (n *Notices) ask(c api.Call, permission directory.Permission, colleagues []directory.MemberView) error {
	person, err := n.Directory.Person(c.Ctx(), c.Person())
	if err != nil {
		return err
	}
	path := "/cabinet/members"
	if membership, err := n.Directory.Membership(c.Ctx(), person.ID, c.Organisation()); err == nil {
		path += "/" + membership.Member.ID
	}
	people := make([]string, len(colleagues))
	for i, one := range colleagues {
		people[i] = one.Person.ID
	}
	name := person.FullName()
	return n.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		first, err := n.firstAsk(ctx, c.Organisation(), person.ID, permission)
		if err != nil || !first {
			return err // the second of a day tells nobody again
		}
		if err := n.recordAsk(ctx, c, permission); err != nil {
			return err
		}
		return n.Tell(ctx, Event{
			ID:   "access/" + c.Organisation() + "/" + person.ID + "/" + string(permission) + "/" + n.Now().UTC().Format(time.DateOnly),
			Type: "member.access_asked", OrganisationID: c.Organisation(), Category: Member, Permission: directory.MembersWrite, Persons: people,
			Texts: Texts{
				RU: Message{Subject: name + " просит доступ", Body: "Не хватает права «" + permission.Label("ru") + "». Решите, нужно ли оно: откройте карточку сотрудника и измените роль или права."},
				EN: Message{Subject: name + " asks for access", Body: "The right “" + permission.Label("en") + "” is missing. Decide whether it is needed: open the member's page and change the role or the rights."},
			},
			Path: path, Data: map[string]string{"person_id": person.ID, "permission": string(permission)},
		})
	})
}

func (n *Notices) recordAsk(ctx context.Context, c api.Call, permission directory.Permission) error {
	return n.Journal.Append(ctx, journal.Entry{
		Organisation: c.Organisation(), Actor: c.Person(), Client: c.Claims.ClientID, Action: "member.access_asked", Outcome: "success",
		Details: map[string]string{"permission": string(permission)},
	})
}

// firstAsk notes that the person asks for the permission today; false when he has
// already.
func (n *Notices) firstAsk(ctx context.Context, organisationID, personID string, permission directory.Permission) (bool, error) {
	day := n.Now().UTC().Format(time.DateOnly)
	added, err := n.DB.Exec(ctx, `INSERT INTO access_asks (organisation_id, person_id, day, permission) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, organisationID, personID, day, permission)
	if err != nil || added == 0 {
		return false, wrapAsk(err)
	}
	var asked int
	err = n.DB.Get(ctx, &asked, `SELECT COUNT(*) FROM access_asks WHERE organisation_id = $1 AND person_id = $2 AND day = $3`,
		organisationID, personID, day)
	if err == nil && asked > asksADay {
		return false, api.Refuse("access_asks_many").After(3600)
	}
	return true, wrapAsk(err)
}

func wrapAsk(err error) error {
	if err != nil {
		return fmt.Errorf("notice: note who asks for a right: %w", err)
	}
	return nil
}

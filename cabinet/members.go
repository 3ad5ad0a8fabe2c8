package cabinet

import (
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// memberView is a member of the token's organisation.
type memberView struct {
	ID          string                 `json:"id"`
	Person      memberPersonView       `json:"person"`
	Role        directory.Role         `json:"role"`
	Grants      []directory.Permission `json:"grants"`  // on top of the role's
	Denials     []directory.Permission `json:"denials"` // win over role and grants
	Permissions []directory.Permission `json:"permissions"`
	Position    string                 `json:"position"`
	ActivatedAt storage.Time           `json:"activated_at"`
	StoppedAt   storage.Time           `json:"stopped_at"` // null while he may come in
}

// memberPersonView is what colleagues know of each other.
type memberPersonView struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	LastName   string `json:"last_name"`
	FirstName  string `json:"first_name"`
	MiddleName string `json:"middle_name"`
	Email      string `json:"email"`
	Phone      string `json:"phone"`
}

func newMemberView(m directory.MemberView) memberView {
	p := m.Person
	return memberView{
		ID: m.Member.ID,
		Person: memberPersonView{
			ID: p.ID, Name: p.FullName(), LastName: p.LastName, FirstName: p.FirstName,
			MiddleName: p.MiddleName, Email: p.Email, Phone: p.Phone,
		},
		Role: m.Role, Grants: api.List(m.Grants), Denials: api.List(m.Denials),
		Permissions: m.Permissions(), Position: m.Position, ActivatedAt: m.ActivatedAt, StoppedAt: m.StoppedAt,
	}
}

func memberTag(m directory.MemberView) string {
	return api.EntityTag(m.Member.Version, m.Person.UpdatedAt)
}

// roleView explains a role, so that whoever gives it knows what it opens.
type roleView struct {
	Role        directory.Role         `json:"role"`
	Label       string                 `json:"label"`
	Permissions []directory.Permission `json:"permissions"`
}

type permissionView struct {
	Permission directory.Permission `json:"permission"`
	Label      string               `json:"label"`
}

// roles answers GET /v1/organization/roles.
func (s *Server) roles(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	lang := api.LanguageOf(c.Request())
	var view struct {
		Roles       []roleView       `json:"roles"`
		Permissions []permissionView `json:"permissions"`
	}
	for _, role := range directory.Roles() {
		view.Roles = append(view.Roles, roleView{role, role.Label(lang), role.Permissions()})
	}
	for _, permission := range directory.Permissions() {
		view.Permissions = append(view.Permissions, permissionView{permission, permission.Label(lang)})
	}
	api.Speaks(c, lang)
	return api.Answer(c, http.StatusOK, "", view)
}

// membersView is one page of members; Next is the after= of the next one.
type membersView struct {
	Members []memberView `json:"members"`
	Next    string       `json:"next,omitempty"`
}

// members answers GET /v1/organization/members.
func (s *Server) members(c api.Call) error {
	page, err := c.DirectoryPage()
	if err != nil {
		return err
	}
	found, next, err := s.Directory.Members(c.Ctx(), c.Claims.OrganisationID(), page)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	view := membersView{Members: make([]memberView, len(found)), Next: next}
	for i, m := range found {
		view.Members[i] = newMemberView(m)
	}
	return api.Answer(c, http.StatusOK, "", view)
}

// member answers GET /v1/organization/members/{id}.
func (s *Server) member(c api.Call) error {
	m, err := s.memberByID(c)
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, memberTag(m), newMemberView(m))
}

// memberByID looks among the members of the token's organisation and nowhere
// else: another organisation's member is as unknown as an invented one.
func (s *Server) memberByID(c api.Call) (directory.MemberView, error) {
	id, err := c.ID()
	if err != nil {
		return directory.MemberView{}, err
	}
	m, err := s.Directory.MemberByID(c.Ctx(), c.Claims.OrganisationID(), id)
	if err != nil {
		return directory.MemberView{}, api.DirectoryRefusal(err)
	}
	return m, nil
}

type memberPatch struct {
	Role     api.Field[directory.Role]         `json:"role"`
	Grants   api.Field[[]directory.Permission] `json:"grants"`
	Denials  api.Field[[]directory.Permission] `json:"denials"`
	Position api.Field[string]                 `json:"position"`
}

// patchMember answers PATCH /v1/organization/members/{id} with the new state. The
// change is in force with the answer: the member's tokens of before it are void.
func (s *Server) patchMember(c api.Call) error {
	var patch memberPatch
	if err := api.ReadPatch(c, &patch, "id", "person", "permissions", "activated_at"); err != nil {
		return err
	}
	if patch.Role.Null {
		return api.InvalidField("/role", "required")
	}
	m, err := s.memberByID(c)
	if err != nil {
		return err
	}
	change := directory.MemberChange{
		Role: patch.Role.Change(), Grants: patch.Grants.Change(),
		Denials: patch.Denials.Change(), Position: patch.Position.Change(),
	}
	if c.Conditional() {
		if err := api.CheckIfMatch(c, memberTag(m)); err != nil {
			return err
		}
		change.Version = &m.Member.Version
	}
	if _, err = s.Directory.ChangeMember(c.Ctx(), c.Actor(), m.OrganisationID, m.Member.ID, change); err != nil {
		return api.DirectoryRefusal(err)
	}
	return s.member(c)
}

// deleteMember answers DELETE /v1/organization/members/{id}. The member's past
// acts stay in the journal.
func (s *Server) deleteMember(c api.Call) error {
	m, err := s.memberByID(c)
	if err != nil {
		return err
	}
	var version *int64
	if c.Conditional() {
		if err := api.CheckIfMatch(c, memberTag(m)); err != nil {
			return err
		}
		version = &m.Member.Version
	}
	if err := s.Directory.RemoveMember(c.Ctx(), c.Actor(), m.OrganisationID, m.Member.ID, version); err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.NoContent(c)
}

// unlockMember answers POST /v1/organization/members/{id}/unlock: what wrong
// tries have locked of the member's factors can be tried again.
func (s *Server) unlockMember(c api.Call) error {
	m, err := s.memberByID(c)
	if err != nil {
		return err
	}
	if err := s.Directory.UnlockMember(c.Ctx(), c.Actor(), m.OrganisationID, m.Person.ID); err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.NoContent(c)
}

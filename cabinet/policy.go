package cabinet

import (
	"net/http"
	"net/netip"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/directory"
)

// policyView is what an organisation demands of those who act for it. Durations
// are in seconds; 0 is as the house says.
type policyView struct {
	RequiredACR         string   `json:"required_acr"`
	Factors             []string `json:"factors"` // empty: all
	PIN                 bool     `json:"pin"`
	Idle                int64    `json:"idle"`
	Absolute            int64    `json:"absolute"`
	PasswordMaxAge      int64    `json:"password_max_age"`
	PasswordAgeEnforced bool     `json:"password_age_enforced"`
	TrustedDevices      bool     `json:"trusted_devices"`
	Networks            []string `json:"networks"` // CIDR; empty: everywhere
}

func newPolicyView(p directory.Policy) policyView {
	view := policyView{
		RequiredACR: p.RequiredACR, Factors: append([]string{}, p.Factors...), PIN: p.PIN,
		Idle: int64(p.Idle / time.Second), Absolute: int64(p.Absolute / time.Second),
		PasswordMaxAge: int64(p.PasswordMaxAge / time.Second), PasswordAgeEnforced: p.PasswordAgeEnforced,
		TrustedDevices: p.TrustedDevices, Networks: []string{},
	}
	for _, network := range p.Networks {
		view.Networks = append(view.Networks, network.String())
	}
	return view
}

// policy turns a body into the directory's. A network that is none is its fault;
// the directory checks the rest.
func (v policyView) policy() (directory.Policy, error) {
	p := directory.Policy{
		RequiredACR: v.RequiredACR, Factors: v.Factors, PIN: v.PIN,
		PasswordAgeEnforced: v.PasswordAgeEnforced, TrustedDevices: v.TrustedDevices,
	}
	var faults []api.FieldFault
	for _, d := range []struct {
		name    string
		seconds int64
		into    *time.Duration
	}{{"idle", v.Idle, &p.Idle}, {"absolute", v.Absolute, &p.Absolute}, {"password_max_age", v.PasswordMaxAge, &p.PasswordMaxAge}} {
		if d.seconds < 0 || d.seconds > int64(maxSeconds/time.Second) {
			faults = append(faults, api.FieldFault{Pointer: api.Pointer(d.name), Code: "out_of_range"})
			continue
		}
		*d.into = time.Duration(d.seconds) * time.Second
	}
	for _, text := range v.Networks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			faults = append(faults, api.FieldFault{Pointer: "/networks", Code: "invalid"})
			break
		}
		p.Networks = append(p.Networks, network)
	}
	if len(faults) > 0 {
		return p, api.Invalid(faults...)
	}
	return p, nil
}

// maxSeconds is what a duration may be before the directory looks at it.
const maxSeconds = 100 * 365 * 24 * time.Hour

// policy answers GET /v1/organization/policy.
func (s *Server) policy(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	p, err := s.Directory.Policy(c.Ctx(), c.Claims.OrganisationID())
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.Answer(c, http.StatusOK, "", newPolicyView(p))
}

// readPolicy reads the whole policy; what is left out is the default.
func readPolicy(c api.Call) (directory.Policy, error) {
	body := newPolicyView(directory.DefaultPolicy())
	if err := api.ReadObject(c, &body); err != nil {
		return directory.Policy{}, err
	}
	return body.policy()
}

// putPolicy answers PUT /v1/organization/policy with the policy as it is now.
func (s *Server) putPolicy(c api.Call) error {
	p, err := readPolicy(c)
	if err != nil {
		return err
	}
	if err := mayDemand(c.Claims, &p.RequiredACR); err != nil {
		return err
	}
	if err := s.Directory.SetPolicy(c.Ctx(), c.Actor(), c.Claims.OrganisationID(), p); err != nil {
		return api.DirectoryRefusal(err)
	}
	if p, err = s.Directory.Policy(c.Ctx(), c.Claims.OrganisationID()); err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.Answer(c, http.StatusOK, "", newPolicyView(p))
}

// impactView is whom a policy would keep out.
type impactView struct {
	Members        int             `json:"members"`
	Administrators int             `json:"administrators"` // who could still enter; with none the policy cannot be set
	LockedOut      []lockedOutView `json:"locked_out"`
}

type lockedOutView struct {
	MemberID string         `json:"member_id"`
	Name     string         `json:"name"`
	Role     directory.Role `json:"role"`
	Missing  []string       `json:"missing"` // any one of these would do
}

// checkPolicy answers POST /v1/organization/policy/check: the dry run.
func (s *Server) checkPolicy(c api.Call) error {
	p, err := readPolicy(c)
	if err != nil {
		return err
	}
	impact, err := s.Directory.CheckPolicy(c.Ctx(), c.Claims.OrganisationID(), p)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	view := impactView{Members: impact.Members, Administrators: impact.Administrators, LockedOut: []lockedOutView{}}
	for _, out := range impact.LockedOut {
		view.LockedOut = append(view.LockedOut, lockedOutView{
			MemberID: out.MemberID, Name: out.Name, Role: out.Role, Missing: api.List(out.Missing),
		})
	}
	return api.Answer(c, http.StatusOK, "", view)
}

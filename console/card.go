package console

import (
	"cmp"
	"errors"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// personCard is what support sees of one person.
type personCard struct {
	Look        lookView                 `json:"look"`
	ID          string                   `json:"id"`
	Name        string                   `json:"name"`
	Number      string                   `json:"number"`
	Status      string                   `json:"status"`
	Locale      string                   `json:"locale"`
	CreatedAt   storage.Time             `json:"created_at"`
	Contacts    contactsView             `json:"contacts"`
	SNILS       valueView                `json:"snils"`
	INN         valueView                `json:"inn"`
	Factors     factorsView              `json:"factors"`
	Locks       []lockView               `json:"locks"`
	Sessions    []sessionView            `json:"sessions"`
	Memberships []membershipView         `json:"memberships"`
	Operator    []directory.OperatorRole `json:"operator"`
	Actions     []api.Action             `json:"actions"`
}

type contactsView struct {
	Email valueView `json:"email"`
	Phone valueView `json:"phone"`
}

// valueView is a masked value and whether somebody has vouched for it.
type valueView struct {
	Value    string `json:"value"`
	Verified bool   `json:"verified"`
}

type factorsView struct {
	Password      bool `json:"password"`
	TOTP          bool `json:"totp"`
	Passkeys      int  `json:"passkeys"`
	Certificates  int  `json:"certificates"`
	RecoveryCodes int  `json:"recovery_codes"`
}

type lockView struct {
	Factor string               `json:"factor"`
	Scope  bool                 `json:"scope"` // of one device or organisation alone
	Reason directory.LockReason `json:"reason"`
	At     storage.Time         `json:"at"`
}

type sessionView struct {
	ID        string       `json:"id"`
	BeganAt   storage.Time `json:"began_at"`
	SeenAt    storage.Time `json:"seen_at"`
	ExpiresAt storage.Time `json:"expires_at"`
	Country   string       `json:"country"`
	IP        string       `json:"ip"`
	Device    string       `json:"device"`
}

type membershipView struct {
	OrganisationID   string         `json:"organization_id"`
	OrganisationName string         `json:"organization_name"`
	Role             directory.Role `json:"role"`
	Position         string         `json:"position"`
}

// answerPerson gathers the card.
func (s *Server) answerPerson(c api.Call, status int, p directory.Person, look lookView) error {
	card := personCard{
		Look: look, ID: p.ID, Name: shortName(p), Number: maskEnd(p.Number, 4), Status: p.Status, Locale: p.Locale, CreatedAt: p.CreatedAt,
		Contacts: contactsView{valueView{maskMailbox(p.Email), p.EmailVerified}, valueView{maskEnd(p.Phone, 4), p.PhoneVerified}},
		SNILS:    valueView{maskEnd(p.SNILS, 4), p.SNILSVerified}, INN: valueView{maskEnd(p.INN, 4), p.INNVerified},
		Locks: []lockView{}, Sessions: []sessionView{}, Memberships: []membershipView{},
	}
	for _, gather := range []func(api.Call, directory.Person, *personCard) error{
		s.gatherFactors, s.gatherLocks, s.gatherSessions, s.gatherMemberships, s.gatherActions,
	} {
		if err := gather(c, p, &card); err != nil {
			return err
		}
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, status, "", card)
}

func (s *Server) gatherFactors(c api.Call, p directory.Person, card *personCard) error {
	_, _, noPassword := s.Directory.PasswordHash(c.Ctx(), p.ID)
	_, confirmed, noTOTP := s.Directory.TOTP(c.Ctx(), p.ID)
	for _, err := range []error{noPassword, noTOTP} {
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
	}
	passkeys, err := s.Directory.Passkeys(c.Ctx(), p.ID)
	if err != nil {
		return err
	}
	certificates, err := s.Directory.Certificates(c.Ctx(), p.ID)
	if err != nil {
		return err
	}
	codes, err := s.Directory.RecoveryCodesLeft(c.Ctx(), p.ID)
	if err != nil {
		return err
	}
	card.Factors = factorsView{Password: noPassword == nil, TOTP: noTOTP == nil && confirmed, Passkeys: len(passkeys), RecoveryCodes: codes}
	for _, one := range certificates {
		if one.Status(storage.Of(s.Now())) == directory.CertificateActive {
			card.Factors.Certificates++
		}
	}
	return nil
}

func (s *Server) gatherLocks(c api.Call, p directory.Person, card *personCard) error {
	locks, err := s.Directory.FactorLocks(c.Ctx(), p.ID)
	for _, lock := range locks {
		card.Locks = append(card.Locks, lockView{lock.Factor, lock.Scope != "", lock.Reason, lock.At})
	}
	return err
}

func (s *Server) gatherSessions(c api.Call, p directory.Person, card *personCard) error {
	sessions, err := s.Sessions.OfPerson(c.Ctx(), p.ID)
	for _, one := range sessions {
		card.Sessions = append(card.Sessions, sessionView{
			one.ID, one.BeganAt, one.SeenAt, one.ExpiresAt, one.Country, maskIP(one.IP), directory.DeviceName(one.UserAgent, c.Lang()),
		})
	}
	return err
}

func (s *Server) gatherMemberships(c api.Call, p directory.Person, card *personCard) error {
	memberships, err := s.Directory.Memberships(c.Ctx(), p.ID)
	if err != nil {
		return err
	}
	for _, m := range memberships {
		card.Memberships = append(card.Memberships, membershipView{m.Organisation.ID, m.Organisation.Name, m.Role, m.Position})
	}
	card.Operator, err = s.Directory.OperatorOf(c.Ctx(), p.ID)
	card.Operator = api.List(card.Operator)
	return err
}

// gatherActions says which acts would be let through now.
func (s *Server) gatherActions(c api.Call, p directory.Person, card *personCard) error {
	closed := ""
	if closing, err := s.Directory.Closing(c.Ctx(), p.ID); err == nil && closing.ClosedAt != 0 {
		closed = "account_closed"
	} else if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	unchanged := func(when bool) string {
		if when {
			return "status_unchanged"
		}
		return closed
	}
	appointed, err := s.Directory.Appointed(c.Ctx(), p.ID)
	if err != nil {
		return err
	}
	recover, unblock := closed, unchanged(p.Status == directory.StatusActive)
	if len(appointed) > 0 {
		recover = "operator_record"
		unblock = cmp.Or(unblock, "operator_record")
	}
	for _, act := range []struct{ name, why string }{
		{"block", unchanged(p.Status == directory.StatusBlocked)}, {"unblock", unblock},
		{"unlock", closed}, {"end_sessions", ""}, {"recover", recover}, {"reveal", ""},
	} {
		if c.Person() == p.ID && act.name != "reveal" {
			act.why = "own_record"
		}
		action := api.Action{Action: act.name, Allowed: act.why == "", Reason: act.why}
		if act.why != "" {
			action.Detail = s.book.Problem(c.Ctx(), api.Refuse(act.why), c.Lang()).Detail
		}
		card.Actions = append(card.Actions, action)
	}
	return nil
}

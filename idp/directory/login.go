package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"propusk/storage"
)

// maxLogin bounds what is looked at, in bytes: a mailbox is the longest login,
// and a decorated number is shorter.
const maxLogin = maxEmailLength

// Resolved is whom a login names.
type Resolved struct {
	Person Person
	// OrganisationID is set when the login was an organisation's number: then
	// it is chosen already.
	OrganisationID string
}

var (
	personByEmail  = "SELECT " + columns("p", "", personNames) + " FROM persons p WHERE p.email = $1"
	personByPhone  = "SELECT " + columns("p", "", personNames) + " FROM persons p WHERE p.phone = $1"
	personBySNILS  = "SELECT " + columns("p", "", personNames) + " FROM persons p WHERE p.snils = $1"
	personByNumber = "SELECT " + columns("p", "", personNames) + " FROM persons p WHERE p.number = $1"

	membersByINN  = memberByNumber("inn")
	membersByOGRN = memberByNumber("ogrn")
)

// memberByNumber asks for two: one names a person, two name nobody.
func memberByNumber(column string) string {
	return "SELECT o.id AS organisation_id, " + columns("p", "person", personNames) + ` FROM organisations o
		JOIN members m ON m.organisation_id = o.id AND m.removed_at = 0
		JOIN persons p ON p.id = m.person_id AND p.status = 'active'
		WHERE o.` + column + ` = $1 AND o.status = 'active' ORDER BY m.id LIMIT 2`
}

// Resolve finds the person that a login names: an e-mail, a phone (+7…, 8…,
// 7…), a СНИЛС, a user number, or the ИНН, ОГРН or ОГРНИП of an organisation
// with exactly one active member.
//
// It returns storage.ErrNotFound for everything else, and ErrBlocked, which is
// a storage.ErrNotFound too, together with the person, for one who is blocked.
//
// Eleven digits that begin like a Russian phone are a phone first, however they
// are separated; a СНИЛС beginning so has not been issued.
func (d *Directory) Resolve(ctx context.Context, login string) (Resolved, error) {
	l, ok := parseLogin(login)
	if !ok {
		return Resolved{}, fmt.Errorf("directory: resolve: %w", storage.ErrNotFound)
	}
	for _, candidate := range l.candidates() {
		found, err := d.lookup(ctx, candidate)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			continue
		case err != nil:
			return Resolved{}, fmt.Errorf("directory: resolve: %w", err)
		case found.Person.Status != StatusActive:
			return found, ErrBlocked
		}
		return found, nil
	}
	return Resolved{}, fmt.Errorf("directory: resolve: %w", storage.ErrNotFound)
}

// login is a text read as every kind of login that it can be; "" is not one.
type login struct{ email, phone, snils, number, inn, ogrn string }

// parseLogin reads a login. Text that fold refuses is no login, so that what
// looks like one is never taken for it.
func parseLogin(s string) (l login, ok bool) {
	if len(s) > maxLogin {
		return login{}, false
	}
	s, ok = fold(s)
	if !ok || s == "" {
		return login{}, false
	}
	if strings.Contains(s, "@") {
		l.email, ok = NormaliseEmail(s)
		return l, ok
	}
	l.phone, _ = NormalisePhone(s)
	if snils, valid := NormaliseSNILS(s); valid {
		l.snils = snils
	}
	switch {
	case ValidUserNumber(s):
		l.number = s
	case ValidINN(s):
		l.inn = s
	case ValidOGRN(s), ValidOGRNIP(s):
		l.ogrn = s
	}
	return l, l != login{}
}

type candidate struct {
	query, value string
	organisation bool
}

func (l login) candidates() []candidate {
	all := []candidate{
		{personByEmail, l.email, false}, {personByPhone, l.phone, false},
		{personBySNILS, l.snils, false}, {personByNumber, l.number, false},
		{membersByINN, l.inn, true}, {membersByOGRN, l.ogrn, true},
	}
	given := all[:0]
	for _, c := range all {
		if c.value != "" {
			given = append(given, c)
		}
	}
	return given
}

func (d *Directory) lookup(ctx context.Context, c candidate) (Resolved, error) {
	var found Resolved
	if !c.organisation {
		err := d.db.Get(ctx, &found.Person, c.query, c.value)
		return found, err
	}
	var members []struct {
		OrganisationID string `db:"organisation_id"`
		Person         Person `db:"person"`
	}
	if err := d.db.Select(ctx, &members, c.query, c.value); err != nil {
		return Resolved{}, err
	}
	if len(members) != 1 {
		return Resolved{}, storage.ErrNotFound
	}
	return Resolved{Person: members[0].Person, OrganisationID: members[0].OrganisationID}, nil
}

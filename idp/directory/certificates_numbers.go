package directory

import (
	"context"
	"fmt"

	"propusk/storage"
)

// A number that somebody has merely typed in names nobody to a certificate: who
// registers with another's СНИЛС would get that other's sign-ins.

var (
	personByVerifiedSNILS = "SELECT " + columns("p", "", personNames) + " FROM persons p WHERE p.snils = $1 AND p.snils_verified = TRUE"
	personByVerifiedINN   = "SELECT " + columns("p", "", personNames) + " FROM persons p WHERE p.inn = $1 AND p.inn_verified = TRUE"
)

// PersonBySNILS finds the person whose verified СНИЛС it is, blocked or not;
// storage.ErrNotFound.
func (d *Directory) PersonBySNILS(ctx context.Context, snils string) (Person, error) {
	return d.personByNumber(ctx, personByVerifiedSNILS, snils)
}

// PersonByINN finds the person whose verified ИНН it is, blocked or not;
// storage.ErrNotFound.
func (d *Directory) PersonByINN(ctx context.Context, inn string) (Person, error) {
	return d.personByNumber(ctx, personByVerifiedINN, inn)
}

func (d *Directory) personByNumber(ctx context.Context, query, number string) (Person, error) {
	if number == "" {
		return Person{}, fmt.Errorf("directory: person by number: %w", storage.ErrNotFound)
	}
	var p Person
	if err := d.db.Get(ctx, &p, query, number); err != nil {
		return Person{}, fmt.Errorf("directory: person by number: %w", err)
	}
	return p, nil
}

// VerifyNumbers records that a person's СНИЛС and ИНН were proved, by a
// certificate or by an operator who saw the documents; "" is passed over. A
// number that the account lacks is put in; one that another account has only
// typed in is taken from there, whose owner is told.
//
// FieldErrors with the code "taken" when the number is another's verified one,
// with "other" when the account has a different verified one.
func (d *Directory) VerifyNumbers(ctx context.Context, actor Actor, personID, snils, inn string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		p, err := d.Person(ctx, personID)
		if err != nil {
			return err
		}
		for _, n := range []provenNumber{
			{"snils", snils, p.SNILS, p.SNILSVerified},
			{"inn", inn, p.INN, p.INNVerified},
		} {
			if n.value == "" || n.verified && n.held == n.value {
				continue
			}
			if err := d.verifyNumber(ctx, actor, p.ID, n); err != nil {
				return err
			}
		}
		return nil
	})
}

// provenNumber is a number that was proved beside what the account holds.
type provenNumber struct {
	field, value string
	held         string
	verified     bool
}

// numberStatements are the statements of each number: columns cannot be
// parameters.
var numberStatements = map[string]struct{ release, set string }{
	"snils": {
		`UPDATE persons SET snils = '', updated_at = $1 WHERE snils = $2 AND id <> $3 AND snils_verified = FALSE RETURNING ` + personNames,
		`UPDATE persons SET snils = $1, snils_verified = TRUE, updated_at = $2 WHERE id = $3
			AND NOT EXISTS (SELECT 1 FROM persons o WHERE o.snils = $1 AND o.id <> $3)`,
	},
	"inn": {
		`UPDATE persons SET inn = '', updated_at = $1 WHERE inn = $2 AND id <> $3 AND inn_verified = FALSE RETURNING ` + personNames,
		`UPDATE persons SET inn = $1, inn_verified = TRUE, updated_at = $2 WHERE id = $3
			AND NOT EXISTS (SELECT 1 FROM persons o WHERE o.inn = $1 AND o.id <> $3)`,
	},
}

func (d *Directory) verifyNumber(ctx context.Context, actor Actor, personID string, n provenNumber) error {
	var f fields
	if n.verified && n.held != n.value {
		f.faults.add(n.field, "other")
		return f.err()
	}
	if err := d.releaseNumber(ctx, actor, personID, n); err != nil {
		return err
	}
	changed, err := d.db.Exec(ctx, numberStatements[n.field].set, n.value, d.time(), personID)
	if err != nil {
		return fmt.Errorf("directory: verify %s: %w", n.field, err)
	}
	if changed == 0 {
		f.faults.add(n.field, "taken")
		return f.err()
	}
	return d.record(ctx, actor, "", "person.number_verified", personID, map[string]string{"number": n.field})
}

// releaseNumber takes a number from the account where it was only typed in.
func (d *Directory) releaseNumber(ctx context.Context, actor Actor, personID string, n provenNumber) error {
	var losers []Person
	err := d.db.Select(ctx, &losers, numberStatements[n.field].release, d.time(), n.value, personID)
	if err != nil {
		return fmt.Errorf("directory: release %s: %w", n.field, err)
	}
	for _, p := range losers {
		err := d.record(ctx, actor, "", "person.number_released", p.ID, map[string]string{"number": n.field})
		if err != nil {
			return err
		}
		if err := d.notifyPerson(ctx, p, notice{action: "person.number_released.you"}); err != nil {
			return err
		}
	}
	return nil
}

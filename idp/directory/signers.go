package directory

import (
	"context"
	"errors"
	"fmt"

	"propusk/signature"
)

// ErrSigner: a certificate is of somebody who may not sign here.
var ErrSigner = errors.New("directory: signed by somebody else")

// Whose signature is this? Numbers decide, never names; of a person only those
// count that somebody has vouched for. Of two numbers that both sides know, none
// may differ, and one at least must be the same.

// Signs reports whether a certificate is the organisation's own: of its head or of
// the sole proprietor, never a mere employee's (приказ ФСБ № 795).
func (o Organisation) Signs(s signature.Subject) bool {
	if o.Kind == KindSole {
		return s.Kind == signature.KindSole && agree(number{o.INN, s.INN}, number{o.OGRN, s.OGRNIP})
	}
	return s.Kind == signature.KindOrganisation && agree(number{o.INN, s.INNLE}, number{o.OGRN, s.OGRN})
}

// Named reports whether a certificate names the person, on whose behalf ever: that
// of an organisation names its head.
func (p Person) Named(s signature.Subject) bool {
	return agree(number{vouched(p.SNILS, p.SNILSVerified), s.SNILS}, number{vouched(p.INN, p.INNVerified), s.INN})
}

// Signs reports whether a certificate is the person's own. An organisation's names
// its head as well, but speaks for that organisation, whichever it is.
func (p Person) Signs(s signature.Subject) bool {
	return s.Kind == signature.KindPerson && p.Named(s)
}

// Signs reports whether a certificate is that of whom a power of attorney is given
// to.
func (r Representative) Signs(s signature.Subject) bool {
	if r.Kind != RepresentsOrganisation {
		return s.Kind == signature.KindPerson && agree(number{r.SNILS, s.SNILS}, number{r.INN, s.INN})
	}
	return SignsFor(r.INN, r.OGRN, s)
}

// SignsFor is Organisation.Signs for one that is known by its numbers alone: a sole
// proprietor has the ИНН of a person.
func SignsFor(inn, ogrn string, s signature.Subject) bool {
	o := Organisation{Kind: KindLegal, INN: inn, OGRN: ogrn}
	if len(inn) == personINN {
		o.Kind = KindSole
	}
	return o.Signs(s)
}

// personINN is how many digits the ИНН of a person has.
const personINN = 12

// MaySign fails with ErrSigner unless the certificate is of somebody who may sign
// for the organisation in this act: the organisation itself, the person who acts,
// or whom the power of attorney that is acted under is given to. Ask it in the
// transaction of the act.
func (d *Directory) MaySign(ctx context.Context, actor Actor, by Authority, organisationID string, s signature.Subject) error {
	o, err := d.Organisation(ctx, organisationID)
	if err != nil {
		return fmt.Errorf("directory: whose signature: %w", err)
	}
	if o.Signs(s) {
		return nil
	}
	if actor.PersonID != "" {
		p, err := d.Person(ctx, actor.PersonID)
		if err != nil {
			return fmt.Errorf("directory: whose signature: %w", err)
		}
		if p.Signs(s) {
			return nil
		}
	}
	if by.PowerID == "" {
		return ErrSigner
	}
	power, err := d.PowerByID(ctx, by.PowerID)
	if err != nil {
		return fmt.Errorf("directory: whose signature: %w", err)
	}
	if !power.Representative.V.Signs(s) {
		return ErrSigner
	}
	return nil
}

// number is one as we know it, and as the certificate has it; "" = not known.
type number struct{ ours, theirs string }

func agree(numbers ...number) bool {
	same := false
	for _, n := range numbers {
		switch {
		case n.ours == "" || n.theirs == "":
		case n.ours != n.theirs:
			return false
		default:
			same = true
		}
	}
	return same
}

func vouched(number string, verified bool) string {
	if !verified {
		return ""
	}
	return number
}

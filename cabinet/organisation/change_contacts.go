package organisation

import (
	"context"
	"fmt"

	"propusk/cabinet/api"
	"propusk/idp/directory"
)

// The official contacts are where the codes of bindings go: who could move them by a
// code to his own phone could let anybody in as an administrator. So they are moved
// from the contact that is left behind; where that one is lost, by a qualified
// signature of the organisation or of its head, or by operators.

// officialBefore are the contacts that a change would move away from; zero when it
// moves none, or there were none to be guarded.
func (ch change) officialBefore() (directory.Contacts, error) {
	if ch.Block != directory.BlockContacts {
		return directory.Contacts{}, nil
	}
	before, after, err := ch.blocks()
	if err != nil {
		return directory.Contacts{}, err
	}
	was, is := *before.(*directory.Contacts), *after.(*directory.Contacts)
	if was.Phone == is.Phone && was.Email == is.Email {
		return directory.Contacts{}, nil
	}
	return directory.Contacts{Phone: was.Phone, Email: was.Email}, nil
}

// guarded reports whether a change moves official contacts.
func (ch change) guarded() (bool, error) {
	was, err := ch.officialBefore()
	return was.Phone+was.Email != "", err
}

// codeObject binds a code to the change and to where it went: one that went to the
// person's own contact because the official one is lost is no word of the official
// one.
func (ch change) codeObject(lost bool) string {
	if lost {
		return ch.object() + "/lost"
	}
	return ch.object()
}

// lostFits refuses the claim that official contacts are lost where none are moved.
func (ch change) lostFits(lost bool) (guarded bool, err error) {
	guarded, err = ch.guarded()
	if err == nil && lost && !guarded {
		err = api.InvalidField("/lost", "invalid")
	}
	return guarded, err
}

// sendOfficial sends the code of a change of contacts to the official contact that
// it would move away.
func (o *Organisations) sendOfficial(ctx context.Context, personID string, ch change, channel string) (sent, error) {
	if personID == "" {
		return sent{}, api.Refuse("person_required")
	}
	was, err := ch.officialBefore()
	if err != nil {
		return sent{}, err
	}
	to, err := reached(was, channel)
	if err != nil {
		return sent{}, err
	}
	p, err := o.Directory.Person(ctx, personID)
	if err != nil {
		return sent{}, err
	}
	return o.codes.send(ctx, codeRequest{
		Object: ch.codeObject(false), PersonID: personID, Channel: channel, To: to, Lang: "ru", Purpose: purposeContacts(p.FullName()),
	})
}

// signedByHead reports whether the register knows the person, by a number that
// somebody has vouched for, as the head of the organisation. A register that does not
// answer knows nobody: operators decide then.
func (o *Organisations) signedByHead(ctx context.Context, made directory.Organisation, p directory.Person) (bool, error) {
	record, err := o.find(ctx, made.INN)
	if refused(err, "organization_unknown") || refused(err, "organization_registry_unavailable") {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("organisation: whose head: %w", err)
	}
	return listed(record, p, o.time()).opens(), nil
}

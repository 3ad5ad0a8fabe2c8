package notice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"propusk/idp/directory"
	"propusk/storage"
)

// recipient is a person seen by the messenger. Only addresses that the person has
// proved to hold are among his.
type recipient struct{ id, email, phone, locale string }

func recipientOf(p directory.Person) recipient {
	r := recipient{id: p.ID, locale: p.Locale}
	if p.EmailVerified {
		r.email = p.Email
	}
	if p.PhoneVerified {
		r.phone = p.Phone
	}
	return r
}

// address is where the channel reaches the person; "" when it does not. Push has
// an address for each device, see subscriptionsOf.
func (r recipient) address(c Channel) string {
	switch c {
	case Email:
		return r.email
	case SMS:
		return r.phone
	}
	return ""
}

// maskAddress shows of an address what its owner knows it by.
func maskAddress(address string) string {
	if name, host, isMail := strings.Cut(address, "@"); isMail {
		first := []rune(name)
		return string(first[:min(len(first), 1)]) + "***@" + host
	}
	if len(address) > 6 {
		return address[:2] + "***" + address[len(address)-4:]
	}
	return "***"
}

// member reads a person who is to learn of something in an organisation, if he may
// now: he is not blocked, and is a member with the permission or stands in for the
// organisation by a power of attorney that gives it. ok is false otherwise.
func (n *Notices) member(ctx context.Context, personID, organisationID string, permission directory.Permission) (r recipient, ok bool, err error) {
	person, err := n.Directory.Person(ctx, personID)
	if errors.Is(err, storage.ErrNotFound) {
		return recipient{}, false, nil
	}
	if err != nil || person.Status != directory.StatusActive {
		return recipient{}, false, err
	}
	if organisationID != "" {
		if ok, err = n.mayLearn(ctx, personID, organisationID, permission); !ok || err != nil {
			return recipient{}, false, err
		}
	}
	return recipientOf(person), true, nil
}

func (n *Notices) mayLearn(ctx context.Context, personID, organisationID string, permission directory.Permission) (bool, error) {
	m, err := n.Directory.Membership(ctx, personID, organisationID)
	if err == nil {
		return permission == "" || m.Can(permission), nil
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return false, fmt.Errorf("notice: membership: %w", err)
	}
	r, err := n.Directory.Representation(ctx, personID, organisationID)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("notice: representation: %w", err)
	}
	return permission == "" || slices.Contains(r.Permissions(), permission), nil
}

package signals

import (
	"context"
	"encoding/json"
	"fmt"
)

// selector is whom a receiver takes out of its stream, or puts back: a person, an
// organisation, or a person in an organisation. "" = any.
type selector struct{ person, tenant string }

// subjectBody is the body of a request to add or remove a subject (SSF §8.1.3).
type subjectBody struct {
	StreamID string          `json:"stream_id"`
	Subject  json.RawMessage `json:"subject"`
}

// maxSubjectID bounds what a receiver may call somebody, in bytes.
const maxSubjectID = 256

// parseSubject reads one. What a receiver can name is what events are about: a
// person by the iss and sub of its ID tokens (iss_sub, RFC 9493 §3.2.3), an
// organisation by the id in its tokens' org (opaque, §3.2.4), both together
// (complex, SSF §3.3).
func (s *Signals) parseSubject(body []byte) (id string, sel selector, err error) {
	var b subjectBody
	if err := decode(body, &b); err != nil {
		return "", sel, err
	}
	if b.StreamID == "" || len(b.Subject) == 0 {
		return "", sel, wrong("stream_id and subject are needed")
	}
	var subject subjectID
	if err := json.Unmarshal(b.Subject, &subject); err != nil {
		return "", sel, wrong("subject is not a subject identifier (RFC 9493 section 3)")
	}
	if subject.Session != nil {
		return "", sel, wrong("subject: a session cannot be added or removed, its person can")
	}
	switch subject.Format {
	case "complex":
		return b.StreamID, sel, s.parseComplex(subject, &sel)
	case "opaque":
		err = s.parseTenant(&subject, &sel)
	default:
		err = s.parsePerson(&subject, &sel)
	}
	return b.StreamID, sel, err
}

func (s *Signals) parseComplex(subject subjectID, sel *selector) error {
	if subject.User == nil && subject.Tenant == nil {
		return wrong("subject: a complex one needs user, tenant or both")
	}
	if err := s.parsePerson(subject.User, sel); err != nil {
		return err
	}
	return s.parseTenant(subject.Tenant, sel)
}

func (s *Signals) parsePerson(user *subjectID, sel *selector) error {
	switch {
	case user == nil:
		return nil
	case user.Format != "iss_sub":
		return wrong("subject: a person is named by iss_sub, with the iss and sub of the ID token")
	case user.Issuer != s.Issuer:
		return wrong("subject: iss must be %s", s.Issuer)
	case user.Subject == "" || len(user.Subject) > maxSubjectID:
		return wrong("subject: sub is needed, of at most %d bytes", maxSubjectID)
	}
	sel.person = user.Subject
	return nil
}

func (s *Signals) parseTenant(tenant *subjectID, sel *selector) error {
	switch {
	case tenant == nil:
		return nil
	case tenant.Format != "opaque" || tenant.ID == "" || len(tenant.ID) > maxSubjectID:
		return wrong("subject: an organisation is named by opaque, with the id of the claim org")
	}
	sel.tenant = tenant.ID
	return nil
}

// exclude takes a subject out of a stream. Whether there is such a subject is not
// asked, so the answer cannot tell it (SSF §9.1).
func (s *Signals) exclude(ctx context.Context, r Receiver, id string, sel selector) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := s.lock(ctx, r.ClientID, id); err != nil {
			return err
		}
		var have int64
		if err := s.DB.Get(ctx, &have, `SELECT COUNT(*) FROM signal_subjects WHERE stream_id = $1`, id); err != nil {
			return fmt.Errorf("signals: count subjects: %w", err)
		}
		if have >= maxSubjects {
			return errManySubjs
		}
		_, err := s.DB.Exec(ctx, `INSERT INTO signal_subjects (stream_id, person, tenant, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (stream_id, person, tenant) DO NOTHING`, id, sel.person, sel.tenant, s.now())
		if err != nil {
			return fmt.Errorf("signals: take a subject out: %w", err)
		}
		return nil
	})
}

// include puts a subject back. Every subject that concerns the receiver is in a
// stream from the beginning (default_subjects ALL), so adding one that was never
// taken out changes nothing, and adding a stranger brings nothing.
func (s *Signals) include(ctx context.Context, r Receiver, id string, sel selector) error {
	if _, err := s.stream(ctx, r.ClientID, id); err != nil {
		return err
	}
	_, err := s.DB.Exec(ctx, `DELETE FROM signal_subjects WHERE stream_id = $1 AND person = $2 AND tenant = $3`, id, sel.person, sel.tenant)
	if err != nil {
		return fmt.Errorf("signals: put a subject back: %w", err)
	}
	return nil
}

// excluded reports whether the receiver has taken out what an event is about. A
// removal of a person in one organisation leaves what is about the person alone.
func (s *Signals) excluded(ctx context.Context, streamID, person, tenant string) (bool, error) {
	var n int64
	err := s.DB.Get(ctx, &n, `SELECT COUNT(*) FROM signal_subjects WHERE stream_id = $1
		AND ((person = $2 AND tenant = $3) OR (person = $2 AND tenant = '' AND person <> '') OR (person = '' AND tenant = $3 AND tenant <> ''))`,
		streamID, person, tenant)
	if err != nil {
		return false, fmt.Errorf("signals: is the subject wanted: %w", err)
	}
	return n > 0, nil
}

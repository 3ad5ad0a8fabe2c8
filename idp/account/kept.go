package account

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"propusk/idp/browser"
	"propusk/storage"
)

// What waits between two requests of one person is kept in Ephemeral, sealed,
// under the session: another session of the same person does not see it, and it
// ends with the session for want of anybody to ask for it.

// keptFor is how long an unfinished change waits.
const keptFor = 15 * time.Minute

func (v *visit) key(what string) string { return "account/" + what + "/" + v.Session.ID }

// keep stores value as what, in the place of the one before.
func (v *visit) keep(what string, value any) error {
	plain, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("keep %s: %w", what, err)
	}
	key := v.key(what)
	if err := v.s.deps.Ephemeral.Put(v.ctx(), key, v.s.deps.Sealer.Seal(plain, key), keptFor); err != nil {
		return fmt.Errorf("keep %s: %w", what, err)
	}
	return nil
}

// kept reads what keep stored; false: there is none.
func (v *visit) kept(what string, into any) (bool, error) {
	key := v.key(what)
	sealed, err := v.s.deps.Ephemeral.Get(v.ctx(), key)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", what, err)
	}
	plain, err := v.s.deps.Sealer.Open(sealed, key)
	if err != nil {
		return false, fmt.Errorf("open %s: %w", what, err)
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return false, fmt.Errorf("read %s: %w", what, err)
	}
	return true, nil
}

func (v *visit) forget(what string) error {
	if err := v.s.deps.Ephemeral.Delete(v.ctx(), v.key(what)); err != nil {
		return fmt.Errorf("forget %s: %w", what, err)
	}
	return nil
}

// draft is a form that a sign-in interrupted.
type draft struct {
	Page  string
	Form  url.Values
	there bool
}

// maxDraft bounds each kept field, in bytes.
const maxDraft = 512

// keepDraft keeps the named fields of the form for the page.
func (v *visit) keepDraft(page string, fields []string) error {
	d := draft{Page: page, Form: url.Values{}}
	for _, name := range fields {
		value, err := browser.Field(v.Request(), name, maxDraft)
		if err != nil {
			return err
		}
		d.Form.Set(name, value)
	}
	return v.keep("draft", d)
}

// interrupted is the draft of the page that is being opened, once.
func (v *visit) interrupted(route Route) (draft, error) {
	if v.Request().Method != http.MethodGet {
		return draft{}, nil
	}
	var d draft
	found, err := v.kept("draft", &d)
	if err != nil || !found || d.Page != v.Request().URL.Path {
		return draft{}, err
	}
	d.there = true
	return d, v.forget("draft")
}

package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"propusk/cabinet/api"
	"propusk/cabinet/request"
	"propusk/idp/directory"
	"propusk/storage"
)

// The bounds of a draft. A value may be anything up to maxValue characters: a draft
// is kept with its faults, the check finds them.
const (
	maxValue       = 10_000
	maxAttachments = 60
	keptVersions   = 100
)

// Version is a draft as it was saved once (rows 203, 207).
type Version struct {
	ApplicationID string                          `db:"application_id"`
	Version       int64                           `db:"version"`
	Fields        storage.JSON[map[string]string] `db:"fields"`
	Documents     storage.JSON[[]Attachment]      `db:"documents"`
	AuthorID      string                          `db:"author_id"`
	Author        string                          `db:"author"`
	Note          string                          `db:"note"` // created, saved, restored:<version>
	CreatedAt     storage.Time                    `db:"created_at"`
}

const versionColumns = `application_id, version, fields, documents, author_id, author, note, created_at`

// Begin is what a draft begins with.
type Begin struct {
	Service  string
	Renews   string            // the application that it prolongs; its service is taken
	Template string            // of the organisation's own
	Fields   map[string]string // what is known already; over everything else
}

// Create begins a draft that is filled in as far as the house knows: by the
// organisation's data, by its earlier applications, by a template, or by the
// application that is prolonged, but for what a renewal says anew (rows 200, 205).
func (d *Desk) Create(ctx context.Context, actor directory.Actor, organisationID string, b Begin) (a Application, err error) {
	err = d.DB.Tx(ctx, func(ctx context.Context) error {
		a = Application{
			ID: storage.NewID(), OrganisationID: organisationID, Service: b.Service, State: Draft, Renews: b.Renews, Version: 1,
			CreatedBy: actor.PersonID, CreatedAt: d.now(), UpdatedAt: d.now(),
		}
		old, err := d.renewed(ctx, organisationID, b, &a)
		if err != nil {
			return err
		}
		card, ok := Find(a.Service)
		if !ok || card.Elsewhere != "" {
			return &request.FieldError{Field: "service", Code: "form_unknown_service"}
		}
		w, err := d.writer(ctx, actor, organisationID, a.Service)
		if err != nil {
			return err
		}
		if err := d.fill(ctx, &a, card, old, b, w); err != nil {
			return err
		}
		if err := d.insert(ctx, &a); err != nil {
			return err
		}
		if err := d.keepVersion(ctx, &a, w, "created"); err != nil {
			return err
		}
		return d.record(ctx, w, &a, "drafted", map[string]string{"renews": a.Renews})
	})
	return a, err
}

// renewed reads the application that a new one prolongs, nil when none.
func (d *Desk) renewed(ctx context.Context, organisationID string, b Begin, a *Application) (*Application, error) {
	if b.Renews == "" {
		return nil, nil
	}
	old, err := d.Find(ctx, organisationID, b.Renews)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, &request.FieldError{Field: "renews", Code: "form_unknown_application"}
	}
	if err != nil {
		return nil, err
	}
	if b.Service != "" && b.Service != old.Service {
		return nil, &request.FieldError{Field: "service", Code: "form_unknown_service"}
	}
	a.Service = old.Service
	r, err := d.Inbox.Find(ctx, organisationID, old.ID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && r.Status != request.Approved {
		return nil, ErrNotGranted
	}
	return &old, err
}

// fill gives a new draft its first values, the surest last.
func (d *Desk) fill(ctx context.Context, a *Application, card *Card, old *Application, b Begin, w writer) error {
	fields, err := d.autofill(ctx, card, a.OrganisationID, w.actor, nil)
	if err != nil {
		return err
	}
	if b.Template != "" {
		t, err := d.template(ctx, a.OrganisationID, b.Template)
		if errors.Is(err, storage.ErrNotFound) {
			return &request.FieldError{Field: "template", Code: "form_unknown_template"}
		}
		if err != nil {
			return err
		}
		maps.Copy(fields, t.Fields.V)
	}
	if old != nil {
		maps.Copy(fields, old.Fields.V)
		for _, name := range card.RenewFields {
			delete(fields, name)
		}
		a.Documents.V = old.Documents.V
		if err := d.keepFiles(ctx, a, directory.Actor{}); err != nil {
			return err
		}
	}
	maps.Copy(fields, b.Fields)
	a.Fields.V = map[string]string{}
	for name, value := range fields {
		if card.field(name) != nil && value != "" {
			a.Fields.V[name] = value
		}
	}
	return checkSize(a.form())
}

// checkSize bounds what a draft keeps.
func checkSize(f Form) error {
	if len(f.Documents) > maxAttachments {
		return &request.FieldError{Field: "documents", Code: "request_too_many_files", Args: map[string]string{"most": fmt.Sprint(maxAttachments)}}
	}
	for i, one := range f.Documents {
		if !api.IsID(one.File) {
			return Faults{{Pointer: fmt.Sprintf("/documents/%d/file", i), Code: "format"}}
		}
		if one.Signature != "" && !api.IsID(one.Signature) {
			return Faults{{Pointer: fmt.Sprintf("/documents/%d/signature", i), Code: "format"}}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
		value := f.Fields[name]
		switch {
		case len(name) > 64 || len(f.Fields) > 200:
			return &request.FieldError{Field: "fields", Code: "too_many"}
		case utf8.RuneCountInString(value) > maxValue:
			return &request.FieldError{Field: "fields/" + name, Code: "too_long"}
		case !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return api.Disguise(r) && r != '\n' && r != '\t' }):
			return &request.FieldError{Field: "fields/" + name, Code: "invalid"}
		}
	}
	return nil
}

// Save keeps what is filled in so far; nil leaves fields or documents as they are
// (row 203). Nothing but its size is checked. version is the one that the window
// shows: request.ErrStale when another was faster. What changes nothing makes no
// new version.
func (d *Desk) Save(ctx context.Context, actor directory.Actor, organisationID, id string, version *int64, fields map[string]string, documents []Attachment) (a Application, err error) {
	return d.change(ctx, actor, organisationID, id, version, "saved", func(a *Application) error {
		if fields != nil {
			if err := a.knows(fields); err != nil {
				return err
			}
			a.Fields.V = maps.Clone(fields)
		}
		if documents != nil {
			a.Documents.V = documents
		}
		return checkSize(a.form())
	})
}

// knows refuses fields that the service does not have.
func (a *Application) knows(fields map[string]string) error {
	card, err := a.card()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if card.field(name) == nil {
			return &request.FieldError{Field: "fields/" + name, Code: "unknown"}
		}
	}
	return nil
}

// Restore makes an earlier version the present one; what stood there meanwhile is
// kept as well (row 207).
func (d *Desk) Restore(ctx context.Context, actor directory.Actor, organisationID, id string, version *int64, back int64) (Application, error) {
	return d.change(ctx, actor, organisationID, id, version, fmt.Sprintf("restored:%d", back), func(a *Application) error {
		v, err := d.version(ctx, a.ID, back)
		if err != nil {
			return err
		}
		a.Fields, a.Documents = v.Fields, v.Documents
		return nil
	})
}

// change is the one way in which a draft changes.
func (d *Desk) change(ctx context.Context, actor directory.Actor, organisationID, id string, version *int64, note string,
	fn func(a *Application) error,
) (a Application, err error) {
	err = d.DB.Tx(ctx, func(ctx context.Context) error {
		if a, err = d.lock(ctx, organisationID, id); err != nil {
			return err
		}
		w, err := d.writer(ctx, actor, organisationID, a.Service)
		if err != nil {
			return err
		}
		switch {
		case a.State != Draft:
			return ErrSubmitted
		case version != nil && *version != a.Version:
			return request.ErrStale
		}
		before := a.form()
		if err := fn(&a); err != nil {
			return err
		}
		if maps.Equal(before.Fields, a.Fields.V) && slices.Equal(before.Documents, a.Documents.V) {
			return nil
		}
		if err := d.keepFiles(ctx, &a, actor); err != nil {
			return err
		}
		if err := d.update(ctx, &a); err != nil {
			return err
		}
		if err := d.keepVersion(ctx, &a, w, note); err != nil {
			return err
		}
		return d.record(ctx, w, &a, "saved", map[string]string{"changed": changed(before, a.form()), "version": fmt.Sprint(a.Version)})
	})
	return a, err
}

// changed names the fields that differ, for the journal.
func changed(before, after Form) string {
	var names []string
	for name := range after.Fields {
		if before.Fields[name] != after.Fields[name] {
			names = append(names, name)
		}
	}
	for name := range before.Fields {
		if _, there := after.Fields[name]; !there {
			names = append(names, name)
		}
	}
	if !slices.Equal(before.Documents, after.Documents) {
		names = append(names, "documents")
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// owner is the word by which an application keeps its files.
func owner(id string) string { return "application/" + id }

// keepFiles keeps every file that the draft names. Those of earlier versions stay
// kept until the draft is thrown away, so that a version can come back whole.
func (d *Desk) keepFiles(ctx context.Context, a *Application, actor directory.Actor) error {
	for _, one := range a.Documents.V {
		for _, id := range []string{one.File, one.Signature} {
			if id == "" {
				continue
			}
			if _, err := d.Files.Get(ctx, a.OrganisationID, id); err != nil {
				return &request.FieldError{Field: "documents", Code: "request_unknown_file"}
			}
			if err := d.Inbox.MayAttach(ctx, actor, a.OrganisationID, id); err != nil {
				return &request.FieldError{Field: "documents", Code: "request_unknown_file"}
			}
			if err := d.Files.Keep(ctx, a.OrganisationID, owner(a.ID), id); err != nil {
				return fmt.Errorf("service: keep files: %w", err)
			}
		}
	}
	return nil
}

// keepVersion stores the present form among the versions, of which the latest are
// kept.
func (d *Desk) keepVersion(ctx context.Context, a *Application, w writer, note string) error {
	_, err := d.DB.Exec(ctx, `INSERT INTO application_versions (`+versionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		a.ID, a.Version, a.Fields, a.Documents, w.actor.PersonID, w.name, note, d.now())
	if err != nil {
		return fmt.Errorf("service: keep the version: %w", err)
	}
	if a.Version <= keptVersions {
		return nil
	}
	_, err = d.DB.Exec(ctx, `DELETE FROM application_versions WHERE application_id = $1 AND version <= $2`, a.ID, a.Version-keptVersions)
	return err
}

func (d *Desk) version(ctx context.Context, id string, n int64) (Version, error) {
	var v Version
	err := d.DB.Get(ctx, &v, `SELECT `+versionColumns+` FROM application_versions WHERE application_id = $1 AND version = $2`, id, n)
	if err != nil {
		return Version{}, fmt.Errorf("service: version: %w", err)
	}
	return v, nil
}

// Versions are the saved versions of an application, the latest first.
func (d *Desk) Versions(ctx context.Context, organisationID, id string) ([]Version, error) {
	if _, err := d.Find(ctx, organisationID, id); err != nil {
		return nil, err
	}
	var list []Version
	err := d.DB.Select(ctx, &list, `SELECT `+versionColumns+` FROM application_versions WHERE application_id = $1 ORDER BY version DESC LIMIT $2`,
		id, keptVersions)
	if err != nil {
		return nil, fmt.Errorf("service: versions: %w", err)
	}
	return list, nil
}

// Drop throws a draft away with its versions; ErrSubmitted when it is one no more.
func (d *Desk) Drop(ctx context.Context, actor directory.Actor, organisationID, id string) error {
	return d.DB.Tx(ctx, func(ctx context.Context) error {
		a, err := d.lock(ctx, organisationID, id)
		if err != nil {
			return err
		}
		w, err := d.writer(ctx, actor, organisationID, a.Service)
		if err != nil {
			return err
		}
		if a.State != Draft {
			return ErrSubmitted
		}
		if _, err := d.DB.Exec(ctx, `DELETE FROM application_versions WHERE application_id = $1`, id); err != nil {
			return fmt.Errorf("service: drop the versions: %w", err)
		}
		if _, err := d.DB.Exec(ctx, `DELETE FROM applications WHERE id = $1`, id); err != nil {
			return fmt.Errorf("service: drop: %w", err)
		}
		if err := d.Files.Release(ctx, owner(id)); err != nil {
			return err
		}
		return d.record(ctx, w, &a, "dropped", nil)
	})
}

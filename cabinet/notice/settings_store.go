package notice

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// keptSettings is a row of settings.
type keptSettings struct {
	PersonID  string                 `db:"person_id"`
	Settings  storage.JSON[Settings] `db:"settings"`
	Version   int64                  `db:"version"`
	UpdatedAt storage.Time           `db:"updated_at"`
}

// settingsOf reads what holds for each of at most chunk people in an organisation:
// his own settings, else those that the organisation sets, else the defaults.
func (n *Notices) settingsOf(ctx context.Context, organisationID string, people []string) (map[string]Settings, error) {
	args := []any{organisationID, ""}
	marks := make([]string, chunk)
	for i := range marks { // one text for any number of people: it stays prepared
		id := ""
		if i < len(people) {
			id = people[i]
		}
		args, marks[i] = append(args, id), fmt.Sprintf("$%d", i+3)
	}
	var rows []keptSettings
	err := n.DB.Select(ctx, &rows, `SELECT person_id, settings, version, updated_at FROM notice_settings
		WHERE organisation_id = $1 AND person_id IN ($2, `+strings.Join(marks, ", ")+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("notice: settings: %w", err)
	}
	common := Defaults()
	own := map[string]Settings{}
	for _, row := range rows {
		if row.PersonID == "" && organisationID != "" {
			common = row.Settings.V
		}
		own[row.PersonID] = row.Settings.V
	}
	found := make(map[string]Settings, len(people))
	for _, id := range people {
		found[id] = common
		if s, ok := own[id]; ok {
			found[id] = s
		}
	}
	return found, nil
}

// held are settings with where they come from: "own", "organization", "default".
type held struct {
	Settings
	Origin    string
	Version   int64 // of the row they come from; 0 = the defaults
	UpdatedAt storage.Time
}

// settings reads what holds for a person, or with personID "" for an organisation.
func (n *Notices) settings(ctx context.Context, organisationID, personID string) (held, error) {
	type origin struct{ person, name string }
	var origins []origin
	if personID != "" {
		origins = append(origins, origin{personID, "own"})
	}
	if organisationID != "" {
		origins = append(origins, origin{"", "organization"})
	}
	for _, o := range origins {
		var row keptSettings
		err := n.DB.Get(ctx, &row, `SELECT person_id, settings, version, updated_at FROM notice_settings
			WHERE organisation_id = $1 AND person_id = $2`, organisationID, o.person)
		if err == nil {
			return held{row.Settings.V, o.name, row.Version, row.UpdatedAt}, nil
		}
		if !errors.Is(err, storage.ErrNotFound) {
			return held{}, fmt.Errorf("notice: settings: %w", err)
		}
	}
	return held{Settings: Defaults(), Origin: "default"}, nil
}

// setSettings stores checked settings, if those in force still have the version
// that the caller has seen (nil: whatever they are). storage.ErrExists when they
// have another.
func (n *Notices) setSettings(ctx context.Context, actor directory.Actor, organisationID, personID string, s Settings, seen *int64) error {
	return n.DB.Tx(ctx, func(ctx context.Context) error {
		now, row := storage.Of(n.Now()), storage.JSON[Settings]{V: s}
		text := `INSERT INTO notice_settings (organisation_id, person_id, settings, version, updated_at)
			VALUES ($1, $2, $3, 1, $4) ON CONFLICT (organisation_id, person_id) DO UPDATE
			SET settings = excluded.settings, version = notice_settings.version + 1, updated_at = excluded.updated_at`
		args := []any{organisationID, personID, row, now}
		if seen != nil {
			text += ` WHERE notice_settings.version = $5`
			args = append(args, *seen)
		}
		set, err := n.DB.Exec(ctx, text, args...)
		if err != nil {
			return fmt.Errorf("notice: set settings: %w", err)
		}
		if set == 0 {
			return storage.ErrExists
		}
		return n.journalSettings(ctx, actor, organisationID, personID, "notice_settings.changed", map[string]string{
			"email": joined(s.Channels[Email]), "sms": joined(s.Channels[SMS]), "push": joined(s.Channels[Push]),
		})
	})
}

// dropSettings returns a person, or an organisation, to what holds without them.
func (n *Notices) dropSettings(ctx context.Context, actor directory.Actor, organisationID, personID string) error {
	return n.DB.Tx(ctx, func(ctx context.Context) error {
		gone, err := n.DB.Exec(ctx, `DELETE FROM notice_settings WHERE organisation_id = $1 AND person_id = $2`,
			organisationID, personID)
		if err != nil || gone == 0 {
			return err
		}
		return n.journalSettings(ctx, actor, organisationID, personID, "notice_settings.reset", nil)
	})
}

func (n *Notices) journalSettings(ctx context.Context, actor directory.Actor, organisationID, personID, action string, details map[string]string) error {
	object := personID
	if object == "" {
		object = organisationID
	}
	return n.Journal.Append(ctx, journal.Entry{
		Organisation: organisationID, Actor: actor.PersonID, Client: actor.ClientID, Action: action,
		Object: object, Outcome: "success", Details: details,
	})
}

func joined(categories []Category) string {
	texts := make([]string, len(categories))
	for i, c := range categories {
		texts[i] = string(c)
	}
	return strings.Join(texts, " ")
}

// ignoreMissing is nil for storage.ErrNotFound.
func ignoreMissing(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}

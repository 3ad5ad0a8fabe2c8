package organisation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// changeLifetime is how long a change waits for its confirmation.
const changeLifetime = 24 * time.Hour

// change is a new state of a block on its way into the profile.
type change struct {
	ID             string                             `db:"id"`
	OrganisationID string                             `db:"organisation_id"`
	Block          directory.BlockName                `db:"block"`
	State          string                             `db:"state"`
	BaseVersion    int64                              `db:"base_version"`
	Before         string                             `db:"before_body"`
	After          string                             `db:"after_body"`
	Restores       int64                              `db:"restores"`
	Attachments    storage.JSON[[]attachment]         `db:"attachments"`
	Differences    storage.JSON[[]difference]         `db:"differences"`
	ConfirmedHow   string                             `db:"confirmed_how"`
	Signature      []byte                             `db:"signature"`
	Verdict        string                             `db:"verdict"`
	Authority      storage.JSON[*directory.Authority] `db:"authority"`
	Reason         string                             `db:"reason"`
	AskedBy        string                             `db:"asked_by"`
	AskedAt        storage.Time                       `db:"asked_at"`
	DecidedAt      storage.Time                       `db:"decided_at"`
	ExpiresAt      storage.Time                       `db:"expires_at"`
}

// attachment is a file that speaks for a change.
type attachment struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
}

const changeNames = `id, organisation_id, block, state, base_version, before_body, after_body, restores, attachments, differences,
	confirmed_how, signature, verdict, authority, reason, asked_by, asked_at, decided_at, expires_at`

func changeOwner(id string) string { return "change/" + id }

// object binds a code to the organisation, the change, and what it would make of
// the block: a code for one change fits no other.
func (ch change) object() string {
	sum := sha256.Sum256([]byte(ch.Before + "\x00" + ch.After))
	return "change/" + ch.OrganisationID + "/" + ch.ID + "/" + hex.EncodeToString(sum[:])
}

// text is what a qualified signature over the change signs.
func (ch change) text(name string) string {
	return strings.Join([]string{
		"Изменение данных организации",
		"Организация: " + name,
		"Раздел: " + blockNames[string(ch.Block)].ru,
		"Номер изменения: " + ch.ID,
		"Было: " + ch.Before,
		"Стало: " + ch.After,
		"",
	}, "\n")
}

// blocks decodes both states.
func (ch change) blocks() (before, after directory.Block, err error) {
	if before, err = directory.DecodeBlock(ch.Block, ch.Before); err != nil {
		return nil, nil, err
	}
	after, err = directory.DecodeBlock(ch.Block, ch.After)
	return before, after, err
}

func (o *Organisations) insertChange(ctx context.Context, ch change) error {
	_, err := o.DB.Exec(ctx, `INSERT INTO organisation_changes (`+changeNames+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		ch.ID, ch.OrganisationID, ch.Block, ch.State, ch.BaseVersion, ch.Before, ch.After, ch.Restores, ch.Attachments, ch.Differences,
		ch.ConfirmedHow, ch.Signature, ch.Verdict, ch.Authority, ch.Reason, ch.AskedBy, ch.AskedAt, ch.DecidedAt, ch.ExpiresAt)
	if err != nil {
		return fmt.Errorf("organisation: insert change: %w", err)
	}
	return nil
}

// changeOf reads a change of the organisation; another's is not_found.
func (o *Organisations) changeOf(ctx context.Context, organisationID, id string) (change, error) {
	var ch change
	err := o.DB.Get(ctx, &ch, `SELECT `+changeNames+` FROM organisation_changes WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	if errors.Is(err, storage.ErrNotFound) {
		return ch, api.Refuse("not_found")
	}
	if err != nil {
		return ch, fmt.Errorf("organisation: change: %w", err)
	}
	return ch, nil
}

// storeChange moves a change on; of many at once one succeeds.
func (o *Organisations) storeChange(ctx context.Context, ch change, from string) error {
	if !changeStates.may(from, ch.State) {
		return notAtStep("profile_change_state", from)
	}
	n, err := o.DB.Exec(ctx, `UPDATE organisation_changes SET state = $1, differences = $2, confirmed_how = $3, signature = $4,
		verdict = $5, authority = $6, reason = $7, decided_at = $8 WHERE id = $9 AND state = $10`,
		ch.State, ch.Differences, ch.ConfirmedHow, append([]byte{}, ch.Signature...), ch.Verdict, ch.Authority, ch.Reason, ch.DecidedAt, ch.ID, from)
	if err != nil {
		return fmt.Errorf("organisation: store change: %w", err)
	}
	if n == 0 {
		return notAtStep("profile_change_state", from)
	}
	return nil
}

// changesOf lists an organisation's, the latest first.
func (o *Organisations) changesOf(ctx context.Context, organisationID string, p api.Page) ([]change, error) {
	list := []change{}
	err := o.DB.Select(ctx, &list, `SELECT `+changeNames+` FROM organisation_changes
		WHERE organisation_id = $1 AND (asked_at < $2 OR asked_at = $2 AND id < $3)
		ORDER BY asked_at DESC, id DESC LIMIT $4`, organisationID, before(p), p.ID, p.Limit+1)
	if err != nil {
		return nil, fmt.Errorf("organisation: changes: %w", err)
	}
	return list, nil
}

// unfinished counts the changes that wait for something.
func (o *Organisations) unfinished(ctx context.Context, organisationID string) (proposed, moderated int, err error) {
	var rows []struct {
		State string `db:"state"`
		Count int    `db:"n"`
	}
	err = o.DB.Select(ctx, &rows, `SELECT state, COUNT(*) AS n FROM organisation_changes
		WHERE organisation_id = $1 AND asked_at > $2 AND state IN ('proposed', 'moderation') GROUP BY state`,
		organisationID, o.time().Add(-90*24*time.Hour))
	for _, row := range rows {
		if row.State == changeProposed {
			proposed = row.Count
		} else {
			moderated = row.Count
		}
	}
	return proposed, moderated, err
}

// expireChanges ends those that nobody confirmed.
func (o *Organisations) expireChanges(ctx context.Context) error {
	_, err := o.DB.Exec(ctx, `UPDATE organisation_changes SET state = 'expired', decided_at = $1 WHERE state = 'proposed' AND expires_at <= $1`, o.time())
	if err != nil {
		return fmt.Errorf("organisation: expire changes: %w", err)
	}
	return nil
}

package organisation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
)

// statusJob asks the register about one organisation.
const statusJob = "organisation/status"

const (
	statusAge   = 24 * time.Hour   // older snapshots are refreshed by the schedule
	statusFresh = 15 * time.Minute // younger ones are good after a sign-in too
	statusBatch = 200
)

// snapshot is what the register said of an organisation when it was last asked.
type snapshot struct {
	OrganisationID string                         `db:"organisation_id"`
	Record         storage.JSON[authority.Record] `db:"record"`
	Found          bool                           `db:"found"`
	Digest         string                         `db:"digest"`
	CheckedAt      storage.Time                   `db:"checked_at"` // of the last answer
	ChangedAt      storage.Time                   `db:"changed_at"`
	Fault          string                         `db:"fault"` // of the last try, "" when it was answered
}

const snapshotNames = `organisation_id, record, found, digest, checked_at, changed_at, fault`

// snapshotOf reads what is known; storage.ErrNotFound when nobody has asked yet.
func (o *Organisations) snapshotOf(ctx context.Context, organisationID string) (snapshot, error) {
	var s snapshot
	err := o.DB.Get(ctx, &s, `SELECT `+snapshotNames+` FROM organisation_statuses WHERE organisation_id = $1`, organisationID)
	if err != nil {
		return s, fmt.Errorf("organisation: legal status: %w", err)
	}
	return s, nil
}

// statusTicket is the job's payload.
type statusTicket struct {
	OrganisationID string `json:"organisation_id"`
}

// status is the snapshot for a caller: asked for at once where there is none, and
// asked for anew, in the background, at the first look after a sign-in (row 289).
func (o *Organisations) status(c api.Call) (s snapshot, refreshing bool, err error) {
	s, err = o.snapshotOf(c.Ctx(), c.Organisation())
	if errors.Is(err, storage.ErrNotFound) {
		if err := o.refresh(c.Ctx(), c.Organisation()); err != nil {
			return s, false, err
		}
		s, err = o.snapshotOf(c.Ctx(), c.Organisation())
		return s, false, err
	}
	if err != nil || !o.stale(s, c.Claims.AuthTime) {
		return s, false, err
	}
	return s, true, o.askLater(c.Ctx(), c.Organisation())
}

// askLater has the register asked in the background, once however often it is
// wanted.
func (o *Organisations) askLater(ctx context.Context, organisationID string) error {
	return jobs.Enqueue(ctx, o.DB, statusJob, statusTicket{organisationID}, jobs.Options{Unique: organisationID})
}

// stale reports whether the register should be asked again for somebody who has
// signed in at authTime, in seconds since 1970.
func (o *Organisations) stale(s snapshot, authTime int64) bool {
	age := o.time().Sub(s.CheckedAt)
	return age > statusAge || age > statusFresh && s.CheckedAt < storage.Time(authTime*1_000_000)
}

// refreshOne is the job.
func (o *Organisations) refreshOne(ctx context.Context, job jobs.Job) error {
	var t statusTicket
	if err := job.Decode(&t); err != nil {
		return err
	}
	err := o.refresh(ctx, t.OrganisationID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}

// RefreshStatuses asks the register about the organisations whose snapshot is a
// day old, and those that have none. Where the register does not answer, the rest
// waits for the next turn.
func (o *Organisations) RefreshStatuses(ctx context.Context) error {
	var due []string
	err := o.DB.Select(ctx, &due, `SELECT o.id FROM organisations o LEFT JOIN organisation_statuses s ON s.organisation_id = o.id
		WHERE o.status = 'active' AND COALESCE(s.checked_at, 0) < $1 ORDER BY COALESCE(s.checked_at, 0), o.id LIMIT $2`,
		o.time().Add(-statusAge), statusBatch)
	if err != nil {
		return fmt.Errorf("organisation: statuses due: %w", err)
	}
	for _, id := range due {
		if err := o.refresh(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// refresh asks the register about one organisation and keeps the answer. That it
// does not answer is kept too, beside the last answer.
func (o *Organisations) refresh(ctx context.Context, organisationID string) error {
	made, err := o.Directory.Organisation(ctx, organisationID)
	if err != nil {
		return err
	}
	record, err := o.Registry.Find(ctx, made.OGRN)
	missing := errors.Is(err, storage.ErrNotFound)
	if err != nil && !missing {
		return o.unanswered(ctx, organisationID, err)
	}
	return o.DB.Tx(ctx, func(ctx context.Context) error { return o.keepStatus(ctx, made, record, !missing) })
}

func (o *Organisations) unanswered(ctx context.Context, organisationID string, why error) error {
	n, err := o.DB.Exec(ctx, `UPDATE organisation_statuses SET fault = $1 WHERE organisation_id = $2`, "registry_unavailable", organisationID)
	if err != nil {
		return fmt.Errorf("organisation: note the register's silence: %w", err)
	}
	if n == 0 {
		return api.Refuse("organization_registry_unavailable").After(60).Wrap(why)
	}
	o.Log.WarnContext(ctx, "the register does not answer", "organisation", organisationID, "error", why)
	return nil
}

func (o *Organisations) keepStatus(ctx context.Context, made directory.Organisation, record authority.Record, found bool) error {
	now := o.time()
	s := snapshot{OrganisationID: made.ID, Record: storage.JSON[authority.Record]{V: record}, Found: found, CheckedAt: now, ChangedAt: now}
	s.Digest = s.digest()
	was, err := o.snapshotOf(ctx, made.ID)
	known := err == nil
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if known && was.Digest == s.Digest {
		s.ChangedAt = was.ChangedAt
	}
	_, err = o.DB.Exec(ctx, `INSERT INTO organisation_statuses (`+snapshotNames+`) VALUES ($1, $2, $3, $4, $5, $6, '')
		ON CONFLICT (organisation_id) DO UPDATE SET record = EXCLUDED.record, found = EXCLUDED.found, digest = EXCLUDED.digest,
			checked_at = EXCLUDED.checked_at, changed_at = EXCLUDED.changed_at, fault = ''`,
		s.OrganisationID, s.Record, s.Found, s.Digest, s.CheckedAt, s.ChangedAt)
	if err != nil {
		return fmt.Errorf("organisation: keep legal status: %w", err)
	}
	if !known || was.Digest == s.Digest {
		return nil
	}
	return o.statusMoved(ctx, made, was, s)
}

// digest is over what the tab shows, so that a new extract of the same facts is no
// change.
func (s snapshot) digest() string {
	record := s.Record.V
	record.ExtractDate, record.Entries = "", nil
	sum := sha256.Sum256(mustEncode(struct {
		Found  bool
		Record authority.Record
	}{s.Found, record}))
	return hex.EncodeToString(sum[:])
}

// statusMoved tells that the register says something new, and closes the
// corrections that it has made.
func (o *Organisations) statusMoved(ctx context.Context, made directory.Organisation, was, is snapshot) error {
	before, after := was.statusView(), is.statusView()
	err := o.record(ctx, directory.Actor{}, made.ID, "organisation.status_changed", made.ID,
		map[string]string{"status_before": before.Status.Name, "status": after.Status.Name})
	if err != nil {
		return err
	}
	importance := notice.Normal
	if before.Status != after.Status || len(before.Restrictions) != len(after.Restrictions) {
		importance = notice.High
	}
	err = o.Tell(ctx, notice.Event{
		ID: "status/" + made.ID + "/" + is.Digest[:16] + "/" + fmt.Sprint(int64(is.ChangedAt)), Type: "organization.status_changed",
		OrganisationID: made.ID, Category: notice.Organisation, Importance: importance, Permission: directory.OrganizationRead,
		Texts: statusChangedTexts.with("{status}", after.Status.Name).notice(), Path: "/cabinet/organization/legal-status",
		Data: map[string]string{"status": after.Status.Code},
	})
	if err != nil {
		return err
	}
	return o.corrected(ctx, made.ID, is)
}

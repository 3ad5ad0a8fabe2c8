package tender

import (
	"context"
	"fmt"

	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
)

// Saved is a search that an organisation keeps.
type Saved struct {
	ID             string               `db:"id"`
	OrganisationID string               `db:"organisation_id"`
	PersonID       string               `db:"person_id"`
	Name           string               `db:"name"`
	Filter         storage.JSON[Filter] `db:"filter"`
	Told           bool                 `db:"told"`
	CreatedAt      storage.Time         `db:"created_at"`
}

const savedColumns = `id, organisation_id, person_id, name, filter, told, created_at`

// Searches lists the organisation's, newest first.
func (t *Tenders) Searches(ctx context.Context, organisationID string) (list []Saved, err error) {
	err = t.DB.Select(ctx, &list, `SELECT `+savedColumns+` FROM tender_searches WHERE organisation_id = $1
		ORDER BY created_at DESC, id DESC LIMIT $2`, organisationID, maxKept)
	return list, wrapped("tender: read saved searches", err)
}

// SaveSearch keeps a search; told has new announcements told to who saved it.
func (t *Tenders) SaveSearch(ctx context.Context, actor directory.Actor, organisationID, name string, f Filter, told bool) (s Saved, err error) {
	err = t.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := t.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.TendersWrite, Kind: actKind}); err != nil {
			return err
		}
		if err := t.keepRoom(ctx, "tender_searches", organisationID); err != nil {
			return err
		}
		s = Saved{ID: storage.NewID(), OrganisationID: organisationID, PersonID: actor.PersonID, Name: name, Told: told, CreatedAt: t.now()}
		s.Filter.V = f
		_, err := t.DB.Exec(ctx, `INSERT INTO tender_searches (`+savedColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			s.ID, s.OrganisationID, s.PersonID, s.Name, s.Filter, s.Told, s.CreatedAt)
		if err != nil {
			return fmt.Errorf("tender: keep a search: %w", err)
		}
		return t.journal(ctx, actor, organisationID, "tender.search_saved", "tender_search:"+s.ID, map[string]string{"name": name})
	})
	return s, err
}

// RemoveSearch throws one away.
func (t *Tenders) RemoveSearch(ctx context.Context, actor directory.Actor, organisationID, id string) error {
	return t.removeKept(ctx, actor, "tender_searches", "tender.search_removed", "tender_search:", organisationID, id)
}

// matchBatch is how many saved searches are looked at in one step.
const matchBatch = 500

// match is the job that holds new announcements against all saved searches. It may
// run twice: each notice is told once.
func (t *Tenders) match(ctx context.Context, job jobs.Job) error {
	var news brought
	if err := job.Decode(&news); err != nil {
		return err
	}
	var list []Tender
	for _, id := range news.Tenders {
		a, err := t.Announcement(ctx, id)
		if err != nil {
			return err
		}
		list = append(list, a)
	}
	for after := ""; ; {
		var searches []Saved
		err := t.DB.Select(ctx, &searches, `SELECT `+savedColumns+` FROM tender_searches WHERE told = TRUE AND id > $1 ORDER BY id LIMIT $2`, after, matchBatch)
		if err != nil {
			return fmt.Errorf("tender: read saved searches: %w", err)
		}
		for _, s := range searches {
			if err := t.tellFound(ctx, s, list); err != nil {
				return err
			}
		}
		if len(searches) < matchBatch {
			return nil
		}
		after = searches[len(searches)-1].ID
	}
}

// tellFound tells what of the new announcements a search finds, in one notice.
func (t *Tenders) tellFound(ctx context.Context, s Saved, list []Tender) error {
	var found []Tender
	for _, a := range list {
		if s.Filter.V.fits(a, t.now()) {
			found = append(found, a)
		}
	}
	if len(found) == 0 {
		return nil
	}
	path := "/cabinet/tenders?search=" + s.ID
	if len(found) == 1 {
		path = pathOne + found[0].ID
	}
	e := notice.Event{
		ID: "tender-search/" + s.ID + "/" + found[0].ID, Type: "tender.found", OrganisationID: s.OrganisationID, Category: notice.Tender,
		Importance: notice.Normal, Permission: directory.TendersRead, Path: path, Source: source, Document: "message",
		Texts: notice.Texts{
			RU: notice.Message{Subject: clip("Новые закупки по поиску «"+s.Name+"»", 120), Body: fmt.Sprintf("Найдено: %d. Первая: %s", len(found), clip(found[0].Object, 500))},
			EN: notice.Message{Subject: clip("New tenders for the search “"+s.Name+"”", 120), Body: fmt.Sprintf("Found: %d. The first: %s", len(found), clip(found[0].Object, 500))},
		},
		Data: map[string]any{"search_id": s.ID, "tender_id": found[0].ID, "tender_number": found[0].Number, "count": len(found)},
	}
	if s.PersonID != "" {
		e.Persons = []string{s.PersonID}
	}
	return t.Notices.Tell(ctx, e)
}

package tender

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"propusk/cabinet/authority"
	"propusk/storage"
	"propusk/storage/jobs"
)

const (
	// bringEvery is how often the register is asked for what is new.
	bringEvery = time.Minute
	// bringPages bounds the pages of one turn; the next turn goes on.
	bringPages = 200
)

// Bring asks the register for what has changed since the last time, page by page:
// each page with the cursor after it is one transaction, so that a process that is
// killed loses nothing and takes nothing twice.
func (t *Tenders) Bring(ctx context.Context) error {
	if t.Register == nil {
		return nil
	}
	for range bringPages {
		after, err := t.cursor(ctx, "")
		if err != nil {
			return err
		}
		page, err := t.Register.Since(ctx, after)
		if err != nil {
			return fmt.Errorf("tender: bring announcements: %w", err)
		}
		if page.Next == "" || page.Next == after || len(page.Next) > 500 {
			return nil
		}
		if err := t.takePage(ctx, after, page); err != nil {
			return err
		}
	}
	return nil
}

// brought is the payload of the job that tells about new announcements.
type brought struct {
	Tenders []string `json:"tenders"`
}

// takePage stores a page. What is no announcement is left behind before the eyes of
// operators: to stop at it would be to stop for good.
func (t *Tenders) takePage(ctx context.Context, after string, page authority.TenderPage) error {
	return t.DB.Tx(ctx, func(ctx context.Context) error {
		mine, err := t.moveCursor(ctx, "", after, page.Next)
		if err != nil || !mine {
			return err
		}
		var news brought
		for _, raw := range page.Tenders {
			id, err := t.take(ctx, raw)
			if err != nil {
				return err
			}
			if id != "" {
				news.Tenders = append(news.Tenders, id)
			}
		}
		if len(news.Tenders) == 0 {
			return nil
		}
		return jobs.Enqueue(ctx, t.DB, jobMatch, news)
	})
}

// take stores one announcement; id is that of one that was not known.
func (t *Tenders) take(ctx context.Context, raw json.RawMessage) (id string, err error) {
	a, err := ParseAnnouncement(raw)
	if err != nil {
		t.metrics.announcements.WithLabelValues("refused").Inc()
		t.Log.ErrorContext(ctx, "an announcement was left behind", "error", err)
		return "", nil
	}
	now, err := fresh(a, t.now())
	if err != nil {
		return "", err
	}
	known, err := t.byNumber(ctx, a.Number)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return t.add(ctx, now)
	case err != nil:
		return "", err
	case known.Digest == now.Digest || a.Revision < known.Revision:
		t.metrics.announcements.WithLabelValues("same").Inc()
		return "", nil
	case a.PublishedAt != known.PublishedAt:
		t.metrics.announcements.WithLabelValues("refused").Inc()
		t.Log.ErrorContext(ctx, "an announcement changed its day of publication and was left behind", "number", a.Number)
		return "", nil
	}
	return "", t.revise(ctx, known, now)
}

func (t *Tenders) add(ctx context.Context, a Tender) (string, error) {
	n, err := t.DB.Exec(ctx, `INSERT INTO tenders (`+tenderColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		ON CONFLICT (number) DO NOTHING`,
		a.ID, a.Number, a.Revision, a.Digest, a.Object, a.CustomerINN, a.CustomerName, a.Sector, a.Region, a.Price, a.State,
		a.PublishedAt, a.DeadlineAt, a.Content, a.CreatedAt, a.UpdatedAt)
	if err != nil {
		return "", fmt.Errorf("tender: add an announcement: %w", err)
	}
	if n == 0 {
		return "", nil // another node was faster
	}
	t.metrics.announcements.WithLabelValues("new").Inc()
	return a.ID, t.index(ctx, a)
}

// index stores by what an announcement is found.
func (t *Tenders) index(ctx context.Context, a Tender) error {
	for _, term := range terms(a.Content.V) {
		_, err := t.DB.Exec(ctx, `INSERT INTO tender_terms (term, published_at, tender_id) VALUES ($1, $2, $3)
			ON CONFLICT (term, published_at, tender_id) DO NOTHING`, term, a.PublishedAt, a.ID)
		if err != nil {
			return fmt.Errorf("tender: index: %w", err)
		}
	}
	return nil
}

// revise puts a changed announcement in the place of the known one and tells those
// who take part.
func (t *Tenders) revise(ctx context.Context, known, now Tender) error {
	now.ID = known.ID
	n, err := t.DB.Exec(ctx, `UPDATE tenders SET revision = $1, digest = $2, object = $3, customer_inn = $4, customer_name = $5, sector = $6,
		region = $7, price = $8, state = $9, deadline_at = $10, content = $11, updated_at = $12 WHERE id = $13 AND digest = $14`,
		now.Revision, now.Digest, now.Object, now.CustomerINN, now.CustomerName, now.Sector, now.Region, now.Price, now.State,
		now.DeadlineAt, now.Content, now.UpdatedAt, known.ID, known.Digest)
	if err != nil || n == 0 {
		return wrapped("tender: change an announcement", err)
	}
	t.metrics.announcements.WithLabelValues("changed").Inc()
	if _, err := t.DB.Exec(ctx, `DELETE FROM tender_terms WHERE tender_id = $1`, known.ID); err != nil {
		return fmt.Errorf("tender: index anew: %w", err)
	}
	if err := t.index(ctx, now); err != nil {
		return err
	}
	return t.tellChanged(ctx, known, now)
}

func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (t *Tenders) byNumber(ctx context.Context, number string) (a Tender, err error) {
	err = t.DB.Get(ctx, &a, `SELECT `+tenderColumns+` FROM tenders WHERE number = $1`, number)
	return a, wrapped("tender: read an announcement", err)
}

// Announcement reads one; storage.ErrNotFound.
func (t *Tenders) Announcement(ctx context.Context, id string) (a Tender, err error) {
	err = t.DB.Get(ctx, &a, `SELECT `+tenderColumns+` FROM tenders WHERE id = $1`, id)
	return a, wrapped("tender: read an announcement", err)
}

// cursor is how far the register was read: of the announcements, or of an
// organisation's participations.
func (t *Tenders) cursor(ctx context.Context, organisationID string) (after string, err error) {
	err = t.DB.Get(ctx, &after, `SELECT after FROM tender_cursors WHERE organisation_id = $1`, organisationID)
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	}
	return after, wrapped("tender: read the cursor", err)
}

// moveCursor writes the next cursor if nobody else has moved it.
func (t *Tenders) moveCursor(ctx context.Context, organisationID, after, next string) (mine bool, err error) {
	n, err := t.DB.Exec(ctx, `INSERT INTO tender_cursors (organisation_id, after, read_at) VALUES ($1, $2, $3)
		ON CONFLICT (organisation_id) DO UPDATE SET after = excluded.after, read_at = excluded.read_at WHERE tender_cursors.after = $4`,
		organisationID, next, t.now(), after)
	return n == 1, wrapped("tender: move the cursor", err)
}

package request

import (
	"context"
	"fmt"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/storage"
)

// PostKind says what a post of the thread is.
type PostKind string

// The kinds of posts.
const (
	Opening     PostKind = "opening"     // what the request began with
	Reply       PostKind = "reply"       // «Ответить»: an answer to the other side
	Question    PostKind = "question"    // a question to the other side
	Explanation PostKind = "explanation" // «Добавить пояснение» to a reply that was sent
	Comment     PostKind = "comment"     // among colleagues; it never leaves the organisation
	FromOutside PostKind = "answer"      // of an authority or of the support
)

// Post is one entry of a request's thread, as it stands now.
type Post struct {
	ID             string                            `db:"id"`
	RequestID      string                            `db:"request_id"`
	OrganisationID string                            `db:"organisation_id"`
	Kind           PostKind                          `db:"kind"`
	Direction      Direction                         `db:"direction"`
	AuthorID       string                            `db:"author_id"` // the person's id; "" = not a person of ours
	AuthorClient   string                            `db:"author_client"`
	Author         string                            `db:"author"` // the name shown
	Authority      storage.JSON[directory.Authority] `db:"authority"`
	Event          Event                             `db:"event"` // what the authority did with it; "" = a post of ours
	Body           string                            `db:"body"`
	DueAt          storage.Time                      `db:"due_at"` // by when its writer wants an answer
	Files          storage.JSON[[]FileRef]           `db:"files"`
	Faults         storage.JSON[[]authority.Fault]   `db:"faults"`
	Version        int64                             `db:"version"`
	CreatedAt      storage.Time                      `db:"created_at"`
	EditedAt       storage.Time                      `db:"edited_at"`
	DeliveredAt    storage.Time                      `db:"delivered_at"` // the other side has it
}

// PostVersion is what was sent, as it was sent.
type PostVersion struct {
	ID             string                            `db:"id"` // what the authority answers to
	PostID         string                            `db:"message_id"`
	RequestID      string                            `db:"request_id"`
	OrganisationID string                            `db:"organisation_id"`
	Version        int64                             `db:"version"`
	Body           string                            `db:"body"`
	DueAt          storage.Time                      `db:"due_at"`
	Files          storage.JSON[[]FileRef]           `db:"files"`
	AuthorID       string                            `db:"author_id"`
	Author         string                            `db:"author"`
	Authority      storage.JSON[directory.Authority] `db:"authority"`
	CreatedAt      storage.Time                      `db:"created_at"`
}

const (
	postColumns = `id, request_id, organisation_id, kind, direction, author_id, author_client, author, authority, event,
		body, due_at, files, faults, version, created_at, edited_at, delivered_at`
	versionColumns = `id, message_id, request_id, organisation_id, version, body, due_at, files, author_id, author,
		authority, created_at`
)

// insertPost stores a post, and its first version when it goes out.
func (b *Inbox) insertPost(ctx context.Context, p *Post) (versionID string, err error) {
	p.Version = 1
	_, err = b.DB.Exec(ctx, `INSERT INTO request_messages (`+postColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		p.ID, p.RequestID, p.OrganisationID, p.Kind, p.Direction, p.AuthorID, p.AuthorClient, p.Author, p.Authority, p.Event,
		p.Body, p.DueAt, p.Files, p.Faults, p.Version, p.CreatedAt, p.EditedAt, p.DeliveredAt)
	if err != nil {
		return "", fmt.Errorf("request: post: %w", err)
	}
	if p.Direction != Out {
		return "", nil
	}
	return b.insertVersion(ctx, p)
}

// insertVersion keeps the post's present text for good.
func (b *Inbox) insertVersion(ctx context.Context, p *Post) (string, error) {
	id := storage.NewID()
	_, err := b.DB.Exec(ctx, `INSERT INTO request_versions (`+versionColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		id, p.ID, p.RequestID, p.OrganisationID, p.Version, p.Body, p.DueAt, p.Files, p.AuthorID, p.Author, p.Authority, b.now())
	if err != nil {
		return "", fmt.Errorf("request: version of a post: %w", err)
	}
	return id, nil
}

// Thread is one page of a request's posts, newest first, and one more when there
// are more. The caller has found the request in the organisation.
func (b *Inbox) Thread(ctx context.Context, organisationID, requestID string, page api.Page) ([]Post, error) {
	var posts []Post
	text, args := `SELECT `+postColumns+` FROM request_messages WHERE request_id = $1 AND organisation_id = $2`,
		[]any{requestID, organisationID}
	if page.ID != "" {
		text, args = text+` AND id < $3`, append(args, page.ID)
	}
	args = append(args, page.Limit+1)
	err := b.DB.Select(ctx, &posts, fmt.Sprintf(`%s ORDER BY id DESC LIMIT $%d`, text, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("request: thread: %w", err)
	}
	return posts, nil
}

// read reads one post of the request.
func (b *Inbox) read(ctx context.Context, requestID, postID string) (Post, error) {
	var p Post
	err := b.DB.Get(ctx, &p, `SELECT `+postColumns+` FROM request_messages WHERE id = $1 AND request_id = $2`, postID, requestID)
	if err != nil {
		return Post{}, fmt.Errorf("request: post: %w", err)
	}
	return p, nil
}

// Versions are what was sent of a post, the latest first.
func (b *Inbox) Versions(ctx context.Context, organisationID, requestID, postID string) ([]PostVersion, error) {
	var list []PostVersion
	err := b.DB.Select(ctx, &list, `SELECT `+versionColumns+` FROM request_versions
		WHERE message_id = $1 AND request_id = $2 AND organisation_id = $3 ORDER BY version DESC LIMIT 100`,
		postID, requestID, organisationID)
	if err != nil {
		return nil, fmt.Errorf("request: versions: %w", err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("request: versions: %w", storage.ErrNotFound)
	}
	return list, nil
}

// version reads what was sent under an id.
func (b *Inbox) version(ctx context.Context, id string) (PostVersion, error) {
	var v PostVersion
	err := b.DB.Get(ctx, &v, `SELECT `+versionColumns+` FROM request_versions WHERE id = $1`, id)
	if err != nil {
		return PostVersion{}, fmt.Errorf("request: sent version: %w", err)
	}
	return v, nil
}

package oauth

import (
	"context"
	"fmt"
	"strconv"

	"propusk/storage"
)

// Access is a grant as the organisation that it opens sees it.
type Access struct {
	Grant
	PersonID string
	ACR      string
	AuthTime storage.Time // when the person signed in for it
}

// AccessFilter narrows a list of accesses; the zero value asks for the newest.
type AccessFilter struct {
	PersonID string // "" = everybody's
	// BeforeAt and BeforeID are the last row of the page before; 0 = the first page.
	BeforeAt storage.Time
	BeforeID string
	Limit    int // rows; the caller bounds it
}

// endedByOrganisation: an administrator of the organisation ended it.
const endedByOrganisation = "ended_by_organisation"

// Accesses lists the live grants that open the organisation, newest first. The
// caller has checked that its reader may see them.
func (p *Provider) Accesses(ctx context.Context, organisationID string, f AccessFilter) ([]Access, error) {
	query := `SELECT g.id, g.client_id, c.metadata, g.person_id, g.organisation_id, g.session_id, g.scope, g.acr, g.auth_time,
		g.offline, g.created_at, g.rotated_at, g.expires_at
		FROM oauth_grants g JOIN oauth_clients c ON c.id = g.client_id
		WHERE g.organisation_id = $1 AND g.ended_at = 0 AND g.generation > 0 AND g.expires_at > $2`
	args := []any{organisationID, p.now()}
	mark := func(value any) string {
		args = append(args, value)
		return "$" + strconv.Itoa(len(args))
	}
	if f.PersonID != "" {
		query += " AND g.person_id = " + mark(f.PersonID)
	}
	if f.BeforeAt != 0 {
		at, id := mark(f.BeforeAt), mark(f.BeforeID)
		query += " AND (g.created_at < " + at + " OR g.created_at = " + at + " AND g.id < " + id + ")"
	}
	query += " ORDER BY g.created_at DESC, g.id DESC LIMIT " + mark(f.Limit)
	var rows []accessRow
	if err := p.deps.DB.Select(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("list an organisation's accesses: %w", err)
	}
	list := make([]Access, len(rows))
	for i, row := range rows {
		list[i] = row.access()
	}
	return list, nil
}

type accessRow struct {
	ID             string               `db:"id"`
	ClientID       string               `db:"client_id"`
	Metadata       storage.JSON[Client] `db:"metadata"`
	PersonID       string               `db:"person_id"`
	OrganisationID string               `db:"organisation_id"`
	SessionID      string               `db:"session_id"`
	Scope          string               `db:"scope"`
	ACR            string               `db:"acr"`
	AuthTime       storage.Time         `db:"auth_time"`
	Offline        bool                 `db:"offline"`
	CreatedAt      storage.Time         `db:"created_at"`
	RotatedAt      storage.Time         `db:"rotated_at"`
	ExpiresAt      storage.Time         `db:"expires_at"`
}

func (r accessRow) access() Access {
	return Access{
		Grant: Grant{
			ID: r.ID, ClientID: r.ClientID, ClientName: r.Metadata.V.Name, ClientNameEN: r.Metadata.V.NameEN,
			OrganisationID: r.OrganisationID, SessionID: r.SessionID, Scopes: splitScope(r.Scope), Offline: r.Offline,
			CreatedAt: r.CreatedAt, UsedAt: r.RotatedAt, ExpiresAt: r.ExpiresAt,
		},
		PersonID: r.PersonID, ACR: r.ACR, AuthTime: r.AuthTime,
	}
}

// EndAccess ends one grant that opens the organisation, with its live access
// tokens, and tells whose it was. storage.ErrNotFound for one that opens another
// organisation by now, has ended, or never was. It joins the transaction of ctx.
func (p *Provider) EndAccess(ctx context.Context, organisationID, id string) (personID string, err error) {
	g, err := p.grant(ctx, id)
	if err != nil {
		return "", err
	}
	if g.OrganisationID != organisationID || !g.alive(p.now()) {
		return "", fmt.Errorf("an access of the organisation: %w", storage.ErrNotFound)
	}
	return g.PersonID, p.end(ctx, g, endedByOrganisation)
}

// EndAccesses ends every grant of the person that opens the organisation, with
// the codes that are not spent yet, and tells how many grants there were. Those
// for other organisations go on. It joins the transaction of ctx.
func (p *Provider) EndAccesses(ctx context.Context, organisationID, personID string) (ended int, err error) {
	err = p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := p.deps.DB.Exec(ctx, `DELETE FROM oauth_grants
			WHERE person_id = $1 AND organisation_id = $2 AND generation = 0`, personID, organisationID); err != nil {
			return err
		}
		var grants []grant
		err := p.deps.DB.Select(ctx, &grants, `SELECT `+grantColumns+` FROM oauth_grants
			WHERE person_id = $1 AND organisation_id = $2 AND ended_at = 0 ORDER BY id`, personID, organisationID)
		if err != nil {
			return err
		}
		for i := range grants {
			if err := p.end(ctx, &grants[i], endedByOrganisation); err != nil {
				return err
			}
		}
		ended = len(grants)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("end a person's accesses: %w", err)
	}
	return ended, nil
}

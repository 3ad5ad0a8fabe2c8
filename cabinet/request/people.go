package request

import (
	"context"
	"errors"

	"propusk/storage"
)

// responsible names the members who answer for the requests of a page, each read
// once. Who has left the organisation is not named any more.
func (b *Inbox) responsible(ctx context.Context, rows []Request) (map[string]string, error) {
	names := map[string]string{}
	for _, r := range rows {
		if _, known := names[r.ResponsibleID]; known || r.ResponsibleID == "" {
			continue
		}
		member, err := b.Directory.MemberByID(ctx, r.OrganisationID, r.ResponsibleID)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return nil, err
		}
		names[r.ResponsibleID] = member.Person.ShortName()
	}
	return names, nil
}

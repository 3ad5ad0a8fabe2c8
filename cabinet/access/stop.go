package access

import (
	"context"
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
)

// stopRequest says how far to go.
type stopRequest struct {
	// Remove ends the membership too. Without it the person stays a member who cannot
	// come in until somebody lifts the stop.
	Remove bool   `json:"remove"`
	Reason string `json:"reason"` // for the journal; at most maxReason characters
}

const maxReason = 300

// stopView is what was stopped, and what was not.
type stopView struct {
	Accesses int  `json:"accesses"` // ended
	Removed  bool `json:"removed"`
	// Shut tells that he cannot come in until the stop is lifted: false for who stops
	// himself, and for who is removed.
	Shut    bool        `json:"shut_out"`
	Revoked []powerView `json:"revoked_powers"`
	// Left are live powers of attorney that the organisation gave to the person. While
	// he is stopped they let him do nothing; after a removal he may act by them, where
	// they cannot be revoked or who removes him lacks powers:write.
	Left []powerView `json:"powers_left"`
}

type powerView struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	Until  string `json:"until"` // its last day
}

// stop answers POST /v1/organization/members/{id}/stop: "stop everything of this
// employee". Either all of it happens or none.
func (d *Desk) stop(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	var body stopRequest
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if len([]rune(body.Reason)) > maxReason {
		return api.InvalidField("/reason", "too_long")
	}
	view := stopView{Revoked: []powerView{}, Left: []powerView{}}
	err = d.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		view = stopView{Revoked: []powerView{}, Left: []powerView{}} // a transaction may be tried again
		return d.Directory.StopMember(ctx, c.Actor(), c.Organisation(), id, body.Reason, func(ctx context.Context, m directory.MemberView) error {
			return d.stopRest(ctx, c, m, body.Remove, &view)
		})
	})
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.Answer(c, http.StatusOK, "", view)
}

// stopRest ends the accesses and, where the person must not come back, the
// membership and the powers of attorney that the organisation gave him.
func (d *Desk) stopRest(ctx context.Context, c api.Call, m directory.MemberView, remove bool, view *stopView) (err error) {
	if view.Accesses, err = d.Book.EndOf(ctx, c.Organisation(), m.Person.ID); err != nil {
		return err
	}
	powers, err := d.Directory.PowersToPerson(ctx, c.Organisation(), m.Person.ID)
	if err != nil {
		return err
	}
	revokes := remove && c.Claims.HasPermission(string(directory.PowersWrite))
	for _, p := range powers {
		shown := powerView{ID: p.ID, Number: p.Number, Until: p.LastDay()}
		if !revokes || p.Irrevocable {
			view.Left = append(view.Left, shown)
			continue
		}
		if _, err := d.Directory.RevokePower(ctx, c.Actor(), c.Organisation(), p.ID, "", nil); err != nil {
			return err
		}
		view.Revoked = append(view.Revoked, shown)
	}
	if !remove {
		view.Shut = m.Person.ID != c.Person()
		return nil
	}
	view.Removed = true
	return d.Directory.RemoveMember(ctx, c.Actor(), c.Organisation(), m.Member.ID, nil)
}

// resume answers DELETE /v1/organization/members/{id}/stop: the member may come in
// again.
func (d *Desk) resume(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	if _, err := d.Directory.ResumeMember(c.Ctx(), c.Actor(), c.Organisation(), id); err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.NoContent(c)
}

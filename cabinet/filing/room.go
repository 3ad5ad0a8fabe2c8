package filing

import (
	"context"
	_ "embed" // the OpenAPI fragment
	"errors"
	"log/slog"
	"sync"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/filing/report"
	"propusk/cabinet/notice"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/jobs"
	"propusk/storage/journal"
)

// Deps is what the room stands on; everything is required.
type Deps struct {
	DB        *storage.DB
	Directory *directory.Directory
	Journal   *journal.Journal
	Files     *file.Store
	Gateway   *authority.Gateway // New gives it the loader, the handler and the watcher of "filing"
	Notices   *notice.Notices
	Paper     *paper.Paper
	Verifier  signature.Verifier
	Jobs      *jobs.Runner // not started yet
	Now       func() time.Time
	Log       *slog.Logger
}

// Filings is the room.
type Filings struct {
	Deps
	own       []api.Route
	templates sync.Map // of report types, by type and language
}

// kind is the gateway's word for what this room sends.
const kind = "filing"

// New checks the dependencies once and hangs the room on the gateway and the jobs.
func New(deps Deps) (*Filings, error) {
	for name, missing := range map[string]bool{
		"DB": deps.DB == nil, "Directory": deps.Directory == nil, "Journal": deps.Journal == nil, "Files": deps.Files == nil,
		"Gateway": deps.Gateway == nil, "Notices": deps.Notices == nil, "Paper": deps.Paper == nil, "Verifier": deps.Verifier == nil,
		"Jobs": deps.Jobs == nil, "Now": deps.Now == nil, "Log": deps.Log == nil,
	} {
		if missing {
			return nil, errors.New("filing: " + name + " is required")
		}
	}
	r := &Filings{Deps: deps}
	r.own = r.routes()
	r.Gateway.Load(kind, r.load)
	r.Gateway.Handle(kind, r.answered)
	r.Gateway.Watch(kind, r.delivery)
	r.Jobs.Every("filing/reminders", time.Hour, r.Remind)
	return r, nil
}

//go:embed openapi.json
var document []byte

// Room is the capability as the cabinet API takes it.
func (r *Filings) Room() api.Room {
	return api.Room{Name: "filing", Routes: r.own, Document: document, Texts: texts, FieldTexts: fieldTexts()}
}

// uploadLimit is the largest request with a file: the file and the form around it.
const uploadLimit = report.MaxFile + 64<<10

// formLimit bounds the values of a form, in bytes of JSON.
const formLimit = 8 << 20

// routes is the room's table, in the order in which somebody new meets it.
func (r *Filings) routes() []api.Route {
	read := func(method, path string, handle func(api.Call) error) api.Route {
		return api.Route{
			Method: method, Path: path, Access: api.OrganisationToken, Scope: string(directory.FilingsRead),
			Permission: directory.FilingsRead, Handle: handle,
		}
	}
	write := func(method, path string, handle func(api.Call) error) api.Route {
		route := read(method, path, handle)
		route.Scope, route.Permission = string(directory.FilingsWrite), directory.FilingsWrite
		route.ACR, route.Weighty = directory.ACRTwoFactors, true
		return route
	}
	sign := func(method, path string, handle func(api.Call) error) api.Route {
		route := write(method, path, handle)
		route.Scope, route.Permission, route.Idempotent = string(directory.FilingsSign), directory.FilingsSign, true
		return route
	}
	once := func(route api.Route, limit int64) api.Route {
		route.Idempotent, route.BodyLimit = true, limit
		return route
	}
	return []api.Route{
		read("GET", "/v1/report-types", r.types),
		read("GET", "/v1/report-types/{id}", r.typeOne),
		read("GET", "/v1/report-types/{id}/template", r.template),

		read("GET", "/v1/filings", r.list),
		once(write("POST", "/v1/filings", r.create), formLimit),
		once(write("POST", "/v1/filings/upload", r.upload), uploadLimit),
		write("POST", "/v1/filings/check", r.checkFile),
		read("GET", "/v1/filings/export", r.export),
		read("GET", "/v1/filings/journal", r.operations),

		read("GET", "/v1/filings/{id}", r.one),
		write("PATCH", "/v1/filings/{id}", r.patch),
		write("DELETE", "/v1/filings/{id}", r.remove),
		read("GET", "/v1/filings/{id}/file", r.download),
		write("PUT", "/v1/filings/{id}/file", r.replace),
		write("POST", "/v1/filings/{id}/check", r.check),
		write("POST", "/v1/filings/{id}/try", r.try),
		sign("POST", "/v1/filings/{id}/signatures", r.sign),
		read("GET", "/v1/filings/{id}/signatures/{signature}", r.signatureFile),
		sign("POST", "/v1/filings/{id}/submit", r.submit),
		once(write("POST", "/v1/filings/{id}/correction", r.correct), 0),
		read("GET", "/v1/filings/{id}/events", r.history),
		read("GET", "/v1/filings/{id}/receipts/{file}", r.receiptFile),
		read("GET", "/v1/filings/{id}/act", r.act),

		read("GET", "/v1/calendar", r.calendar),
	}
}

// change reads one of the organisation's filings, sees that the caller may do this
// to it and has its present state in mind, and stores what fn makes of it, in one
// transaction.
func (r *Filings) change(c api.Call, permission directory.Permission, fn func(ctx context.Context, f *Filing, by directory.Authority) error) (Filing, error) {
	id, err := c.ID()
	if err != nil {
		return Filing{}, err
	}
	var changed Filing
	err = r.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		f, err := r.get(ctx, c.Organisation(), id)
		if err != nil {
			return err
		}
		if err := c.Matches(api.EntityTag(f.Version)); err != nil {
			return err
		}
		by, err := r.authorise(ctx, c, permission, f)
		if err != nil {
			return err
		}
		err = fn(ctx, &f, by)
		if changed = f; errors.Is(err, errUnchanged) {
			return nil
		}
		if err != nil {
			return err
		}
		if !c.Claims.Details.Allow(f.under(permission)) { // of what it has become
			return directory.ErrDetailsExceeded
		}
		return r.store(ctx, &changed)
	})
	return changed, refusal(err)
}

// errUnchanged is what the function of change returns when there is nothing to store.
var errUnchanged = errors.New("filing: nothing has changed")

// authorise says by which right the caller does this now.
func (r *Filings) authorise(ctx context.Context, c api.Call, permission directory.Permission, f Filing) (directory.Authority, error) {
	return r.Directory.Authorise(ctx, c.Actor(), c.Organisation(), f.under(permission))
}

// under is what doing something to the filing is as an act.
func (f Filing) under(permission directory.Permission) directory.Act {
	return directory.Act{Permission: permission, Kind: f.Type, Amount: f.Amount, Recipient: f.Office}
}

// refusal tells this room's errors in the API's codes.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*api.Refusal](err); ok {
		return known
	}
	switch {
	case errors.Is(err, errStale):
		return api.Refuse("version_changed").Wrap(err)
	case errors.Is(err, storage.ErrExists):
		return api.Refuse("filing_exists").With("number", "…").Wrap(err)
	}
	if told, ok := errors.AsType[*api.Refusal](api.FileRefusal(err)); ok {
		return told
	}
	return api.DirectoryRefusal(err)
}

// profile is what reports of the organisation are held against.
func (r *Filings) profile(ctx context.Context, organisationID string) (directory.Organisation, report.Profile, error) {
	p, err := r.Directory.Profile(ctx, organisationID)
	o := p.Organisation
	if err != nil {
		return o, report.Profile{}, err
	}
	return o, report.Profile{
		Kind: o.Kind, INN: o.INN, KPP: o.KPP, Name: o.Name, FullName: o.FullName, TaxOffice: p.Taxes().TaxOffice,
	}, nil
}

// note writes one operation into the room's own journal and into the
// organisation's, in the transaction of ctx.
func (r *Filings) note(ctx context.Context, actor directory.Actor, f Filing, what, text string, details map[string]string) error {
	who := ""
	if actor.PersonID != "" {
		person, err := r.Directory.Person(ctx, actor.PersonID)
		if err != nil {
			return err
		}
		who = person.ShortName()
	}
	_, err := r.DB.Exec(ctx, `INSERT INTO filing_events (`+eventColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		storage.NewID(), f.ID, f.OrganisationID, what, f.State, actor.PersonID, actor.ClientID, who, text, storage.Of(r.Now()))
	if err != nil {
		return err
	}
	all := map[string]string{
		"number": f.Number, "report": f.Type, "period": f.Period, "year": itoa(f.Year), "correction": itoa(f.Correction), "state": string(f.State),
	}
	for name, value := range details {
		all[name] = value
	}
	return r.Journal.Append(ctx, journal.Entry{
		Organisation: f.OrganisationID, Actor: actor.PersonID, Client: actor.ClientID,
		Action: "filing." + what, Object: f.ID, Outcome: "success", Details: all,
	})
}

// byAuthority is an authority as the journal tells it.
func byAuthority(a directory.Authority) map[string]string {
	details := map[string]string{"authority": a.By}
	if a.PowerNumber != "" {
		details["power"] = a.PowerNumber
	}
	return details
}

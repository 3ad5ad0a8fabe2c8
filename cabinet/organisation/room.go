package organisation

import (
	"context"
	_ "embed" // the OpenAPI fragment
	"errors"
	"log/slog"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/notice"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
)

// Deps is what the room stands on. Everything is required but Paper, Power and
// InExchange.
type Deps struct {
	DB        *storage.DB
	Directory *directory.Directory
	Journal   *journal.Journal
	Outbox    *outbox.Outbox
	Jobs      *jobs.Runner // not started yet
	Ephemeral storage.Ephemeral
	Sealer    *storage.Sealer
	Files     *file.Store
	Registry  authority.Registry
	Verifier  signature.Verifier
	// Tell tells people of an event, in the transaction of ctx; notice.Notices.Tell.
	Tell func(ctx context.Context, e notice.Event) error
	// Paper prints the legal status; nil: it is shown, not printed.
	Paper *paper.Paper
	// Power reads a power of attorney that a person would open a cabinet by; nil:
	// operators look at every one.
	Power PowerReader
	// InExchange counts what an organisation has sent to state bodies and what is
	// not finished; nil: nobody is told of it.
	InExchange func(ctx context.Context, organisationID string) (int, error)
	BaseURL    string // of the cabinet, for links in messages; no final slash
	Now        func() time.Time
	Log        *slog.Logger
}

// PowerReader judges a machine-readable power of attorney with its detached
// signature: whether the organisation gives the person the right to act for it in
// the cabinet now. It answers the power's number, or why not: a
// *api.Refusal for what the person can mend, any other error for what is broken.
type PowerReader func(ctx context.Context, claim PowerClaim) (number string, err error)

// PowerClaim is what a person says to hold.
type PowerClaim struct {
	Content, Signature []byte
	INN, OGRN          string // of the principal
	Person             directory.Person
}

// Organisations is the room.
type Organisations struct {
	Deps
	codes *codes
	own   []api.Route
}

// New checks the dependencies once and registers the room's jobs.
func New(deps Deps) (*Organisations, error) {
	for name, missing := range map[string]bool{
		"DB": deps.DB == nil, "Directory": deps.Directory == nil, "Journal": deps.Journal == nil, "Outbox": deps.Outbox == nil,
		"Jobs": deps.Jobs == nil, "Ephemeral": deps.Ephemeral == nil, "Sealer": deps.Sealer == nil, "Files": deps.Files == nil,
		"Registry": deps.Registry == nil, "Verifier": deps.Verifier == nil, "Tell": deps.Tell == nil,
		"BaseURL": deps.BaseURL == "", "Now": deps.Now == nil, "Log": deps.Log == nil,
	} {
		if missing {
			return nil, errors.New("organisation: " + name + " is required")
		}
	}
	o := &Organisations{Deps: deps, codes: &codes{
		db: deps.DB, outbox: deps.Outbox, ephemeral: deps.Ephemeral, key: deps.Sealer.Key("organisation codes"), now: deps.Now,
	}}
	o.own = o.routes()
	o.schedule()
	return o, nil
}

// schedule registers what the room does later.
func (o *Organisations) schedule() {
	o.Jobs.Handle(bindingJob, o.deliverBinding)
	o.Jobs.Handle(statusJob, o.refreshOne)
	o.Jobs.Every("organisation/deactivations", 5*time.Minute, o.Deactivate)
	o.Jobs.Every("organisation/statuses", time.Hour, o.RefreshStatuses)
	o.Jobs.Every("organisation/sweep", 30*time.Minute, o.Sweep)
}

//go:embed openapi.json
var document []byte

// Room is the capability as the cabinet API takes it.
func (o *Organisations) Room() api.Room {
	return api.Room{Name: "organisation", Routes: o.own, Document: document, Texts: texts, FieldTexts: fieldTexts}
}

const (
	second = directory.ACRTwoFactors
	// mine is the scope of a person who has no organisation yet: whoever may sign him
	// in may do this for him, as with an invitation.
	mine = "openid"
	// house is the scope of an application for operators.
	house = "moderation"
)

// routes is the room's table, in the order in which somebody new meets it.
func (o *Organisations) routes() []api.Route {
	person := func(method, path string, handle func(api.Call) error) api.Route {
		return api.Route{Method: method, Path: path, Access: api.PersonToken, Scope: mine, ACR: second, Handle: handle}
	}
	read := func(method, path string, handle func(api.Call) error) api.Route {
		return api.Route{Method: method, Path: path, Access: api.OrganisationToken, Scope: "organization:read",
			Permission: directory.OrganizationRead, Handle: handle}
	}
	write := func(method, path string, handle func(api.Call) error) api.Route {
		return api.Route{Method: method, Path: path, Access: api.OrganisationToken, Scope: "organization:write",
			Permission: directory.OrganizationWrite, ACR: second, Weighty: true, Handle: handle}
	}
	operator := func(method, path string, handle func(api.Call) error) api.Route {
		return api.Route{Method: method, Path: path, Access: api.PersonToken, Scope: house, ACR: second, Handle: handle}
	}
	once := func(r api.Route) api.Route { r.Idempotent = true; return r }
	upload := func(r api.Route, limit int64) api.Route {
		r.Idempotent, r.BodyLimit = true, limit
		return r
	}
	return []api.Route{
		person("GET", "/v1/registrations", o.registrations),
		once(person("POST", "/v1/registrations", o.startRegistration)),
		person("GET", "/v1/registrations/{id}", o.showRegistration),
		person("PATCH", "/v1/registrations/{id}", o.patchRegistration),
		person("DELETE", "/v1/registrations/{id}", o.withdrawRegistration),
		upload(person("POST", "/v1/registrations/{id}/documents", o.addDocument), registrationUpload),
		person("GET", "/v1/registrations/{id}/documents/{document}", o.downloadDocument),
		person("DELETE", "/v1/registrations/{id}/documents/{document}", o.dropDocument),
		person("POST", "/v1/registrations/{id}/codes", o.sendRegistrationCode),
		person("POST", "/v1/registrations/{id}/confirm", o.confirmRegistration),
		person("POST", "/v1/registrations/{id}/check", o.checkRegistration),
		person("POST", "/v1/registrations/{id}/signature", o.signRegistration),
		person("POST", "/v1/registrations/{id}/moderation", o.submitRegistration),
		once(person("POST", "/v1/organizations", o.createCabinet)),

		once(person("POST", "/v1/bindings", o.startBinding)),
		person("GET", "/v1/bindings/{id}", o.showBinding),
		person("POST", "/v1/bindings/{id}/codes", o.resendBinding),
		person("POST", "/v1/bindings/{id}/confirm", o.confirmBinding),

		read("GET", "/v1/organization/dashboard", o.dashboard),
		read("GET", "/v1/organization/profile", o.profile),
		read("GET", "/v1/organization/profile/{block}", o.profileBlock),
		write("PATCH", "/v1/organization/profile/{block}", o.proposeChange),
		read("GET", "/v1/organization/profile/{block}/versions", o.versions),
		read("GET", "/v1/organization/profile/{block}/versions/{version}", o.version),
		once(write("POST", "/v1/organization/profile/{block}/versions/{version}/restore", o.restoreVersion)),

		read("GET", "/v1/organization/changes", o.changes),
		read("GET", "/v1/organization/changes/{id}", o.showChange),
		upload(write("POST", "/v1/organization/changes/{id}/attachments", o.attach), attachmentUpload),
		read("GET", "/v1/organization/changes/{id}/attachments/{file}", o.downloadAttachment),
		write("POST", "/v1/organization/changes/{id}/codes", o.sendChangeCode),
		write("POST", "/v1/organization/changes/{id}/confirm", o.confirmChange),
		write("DELETE", "/v1/organization/changes/{id}", o.cancelChange),

		read("GET", "/v1/organization/legal-status", o.legalStatus),
		read("GET", "/v1/organization/legal-status/document", o.legalStatusDocument),
		read("GET", "/v1/organization/legal-status/corrections", o.corrections),
		once(write("POST", "/v1/organization/legal-status/corrections", o.askCorrection)),
		read("GET", "/v1/organization/legal-status/corrections/{id}", o.showCorrection),

		read("GET", "/v1/organization/deactivation", o.showDeactivation),
		write("POST", "/v1/organization/deactivation", o.askDeactivation),
		write("POST", "/v1/organization/deactivation/confirm", o.confirmDeactivation),
		write("DELETE", "/v1/organization/deactivation", o.undoDeactivation),

		operator("GET", "/v1/moderation", o.moderationQueue),
		operator("GET", "/v1/moderation/{id}", o.showModeration),
		operator("GET", "/v1/moderation/{id}/files/{file}", o.moderationFile),
		operator("POST", "/v1/moderation/{id}/take", o.takeModeration),
		operator("POST", "/v1/moderation/{id}/accept", o.acceptModeration),
		operator("POST", "/v1/moderation/{id}/refuse", o.refuseModeration),
		operator("GET", "/v1/moderation/corrections", o.correctionQueue),
		operator("POST", "/v1/moderation/corrections/{id}/answer", o.answerCorrection),
	}
}

func (o *Organisations) time() storage.Time { return storage.Of(o.Now()) }

// record is one entry of the journal in an organisation's chain ("" is the
// system's).
func (o *Organisations) record(ctx context.Context, actor directory.Actor, organisationID, action, object string, details map[string]string) error {
	err := o.Journal.Append(ctx, journal.Entry{
		Organisation: organisationID, Actor: actor.PersonID, Client: actor.ClientID,
		Action: action, Object: object, Outcome: "success", Details: details,
	})
	if err != nil {
		return errors.Join(errors.New("organisation: journal "+action), err)
	}
	return nil
}

package organisation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
)

// The access that a person asks for (row 127).
const (
	accessAdministrator = "administrator"
	accessEmployee      = "employee"
)

// The bounds of bindings.
const (
	bindingLifetime = 30 * time.Minute
	bindingsPerDay  = 5 // of one person
	bindingKept     = 7 * 24 * time.Hour
)

// bindingJob finds out whether the person may bind and sends the code if so. It
// runs after the answer, so that neither its words nor its time tell whether
// there is such an organisation.
const bindingJob = "organisation/binding"

// binding is a person's wish to join an organisation that is here already.
type binding struct {
	ID             string       `db:"id"`
	PersonID       string       `db:"person_id"`
	INN            string       `db:"inn"`
	Access         string       `db:"access"`
	Channel        string       `db:"channel"`
	OrganisationID string       `db:"organisation_id"` // "" until it is known, and for ever where the person may not
	ListedAs       string       `db:"listed_as"`
	InvitationID   string       `db:"invitation_id"`
	State          string       `db:"state"` // asked, bound
	CreatedAt      storage.Time `db:"created_at"`
	ExpiresAt      storage.Time `db:"expires_at"`
}

const bindingNames = `id, person_id, inn, access, channel, organisation_id, listed_as, invitation_id, state, created_at, expires_at`

// bindingTicket is the job's payload.
type bindingTicket struct {
	ID    string `json:"id"`
	Sends int    `json:"sends"` // the sending that it is for
	Lang  string `json:"lang"`
}

// bindingView says nothing that depends on whether there is such an organisation.
type bindingView struct {
	ID          string       `json:"id"`
	Access      string       `json:"access"`
	Channel     string       `json:"channel"`
	State       string       `json:"state"` // asked, bound, expired
	Message     string       `json:"message"`
	ResendAfter storage.Time `json:"resend_after"`
	ExpiresAt   storage.Time `json:"expires_at"`
}

var bindingMessage = saying{
	"Если организация подключена и вы указаны в её данных, код отправлен на её официальный контакт. Узнайте код у того, кто этот контакт ведёт.",
	"If the organisation is here and its data name you, a code went to its official contact. Ask whoever keeps that contact for it.",
}

var boundMessage = saying{"Вы привязаны к организации. Выберите её при следующем входе.", "You are a member now. Choose the organisation when you sign in."}

func (o *Organisations) bindingView(ctx context.Context, b binding, lang string) (bindingView, error) {
	v := bindingView{ID: b.ID, Access: b.Access, Channel: b.Channel, State: b.State,
		Message: bindingMessage.in(lang), ExpiresAt: b.ExpiresAt}
	switch {
	case b.State == "bound":
		v.Message = boundMessage.in(lang)
		return v, nil
	case b.ExpiresAt <= o.time():
		v.State = "expired"
	}
	var at storage.Time
	err := o.DB.Get(ctx, &at, `SELECT sent_at FROM organisation_codes WHERE object = $1`, bindingObject(b))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return v, fmt.Errorf("organisation: code of a binding: %w", err)
	}
	v.ResendAfter = at.Add(codeResend)
	return v, nil
}

func bindingObject(b binding) string { return "binding/" + b.ID }

func (o *Organisations) answerBinding(c api.Call, status int, b binding) error {
	v, err := o.bindingView(c.Ctx(), b, c.Lang())
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	if status == http.StatusCreated {
		return api.Created(c, "/v1/bindings/"+b.ID, "", v)
	}
	return api.Answer(c, status, "", v)
}

// startBinding answers POST /v1/bindings, for every ИНН alike.
func (o *Organisations) startBinding(c api.Call) error {
	var body struct {
		INN     string `json:"inn"`
		Access  string `json:"access"`
		Channel string `json:"channel"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	var faults []api.FieldFault
	fault := func(wrong bool, pointer, code string) {
		if wrong {
			faults = append(faults, api.FieldFault{Pointer: pointer, Code: code})
		}
	}
	fault(!directory.ValidINN(body.INN), "/inn", "number_checksum")
	fault(body.Access != accessAdministrator && body.Access != accessEmployee, "/access", "invalid")
	fault(body.Channel != "email" && body.Channel != "sms", "/channel", "invalid")
	if err := api.Invalid(faults...); err != nil {
		return err
	}
	now := o.time()
	b := binding{ID: storage.NewID(), PersonID: c.Person(), INN: body.INN, Access: body.Access, Channel: body.Channel,
		State: "asked", CreatedAt: now, ExpiresAt: now.Add(bindingLifetime)}
	err := o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := o.bindingsLeft(ctx, b.PersonID); err != nil {
			return err
		}
		if err := o.insertBinding(ctx, b); err != nil {
			return err
		}
		if err := o.askBinding(ctx, b, c.Lang()); err != nil {
			return err
		}
		return o.record(ctx, c.Actor(), "", "binding.asked", b.ID,
			map[string]string{"inn": directory.MaskField("inn", b.INN), "access": b.Access})
	})
	if err != nil {
		return err
	}
	return o.answerBinding(c, http.StatusCreated, b)
}

func (o *Organisations) insertBinding(ctx context.Context, b binding) error {
	_, err := o.DB.Exec(ctx, `INSERT INTO organisation_bindings (`+bindingNames+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		b.ID, b.PersonID, b.INN, b.Access, b.Channel, b.OrganisationID, b.ListedAs, b.InvitationID, b.State, b.CreatedAt, b.ExpiresAt)
	if err != nil {
		return fmt.Errorf("organisation: insert binding: %w", err)
	}
	return nil
}

// bindingsLeft bounds how many organisations one person can try in a day.
func (o *Organisations) bindingsLeft(ctx context.Context, personID string) error {
	var asked int
	err := o.DB.Get(ctx, &asked, `SELECT COUNT(*) FROM organisation_bindings WHERE person_id = $1 AND created_at > $2`,
		personID, o.time().Add(-24*time.Hour))
	if err != nil {
		return fmt.Errorf("organisation: count bindings: %w", err)
	}
	if asked >= bindingsPerDay {
		return api.Refuse("bindings_too_many").After(3600)
	}
	return nil
}

// askBinding claims the right to a code that nobody knows, and leaves it to the
// job to put a real one in its place.
func (o *Organisations) askBinding(ctx context.Context, b binding, lang string) error {
	if err := o.codes.claim(ctx, bindingObject(b), b.PersonID, o.codes.nobody()); err != nil {
		return err
	}
	var sends int
	if err := o.DB.Get(ctx, &sends, `SELECT sends FROM organisation_codes WHERE object = $1`, bindingObject(b)); err != nil {
		return fmt.Errorf("organisation: code of a binding: %w", err)
	}
	return jobs.Enqueue(ctx, o.DB, bindingJob, bindingTicket{b.ID, sends, lang}, jobs.Options{Unique: b.ID + "/" + strconv.Itoa(sends)})
}

// bindingNamed is the binding of the path, if it is the caller's.
func (o *Organisations) bindingNamed(c api.Call) (binding, error) {
	id, err := c.ID()
	if err != nil {
		return binding{}, err
	}
	b, err := o.bindingByID(c.Ctx(), id)
	if errors.Is(err, storage.ErrNotFound) || err == nil && b.PersonID != c.Person() {
		return binding{}, api.Refuse("not_found")
	}
	return b, err
}

func (o *Organisations) bindingByID(ctx context.Context, id string) (binding, error) {
	var b binding
	err := o.DB.Get(ctx, &b, `SELECT `+bindingNames+` FROM organisation_bindings WHERE id = $1`, id)
	if err != nil {
		return b, fmt.Errorf("organisation: binding: %w", err)
	}
	return b, nil
}

// showBinding answers GET /v1/bindings/{id}.
func (o *Organisations) showBinding(c api.Call) error {
	b, err := o.bindingNamed(c)
	if err != nil {
		return err
	}
	return o.answerBinding(c, http.StatusOK, b)
}

// resendBinding answers POST /v1/bindings/{id}/codes.
func (o *Organisations) resendBinding(c api.Call) error {
	b, err := o.bindingNamed(c)
	if err != nil {
		return err
	}
	if b.State != "asked" || b.ExpiresAt <= o.time() {
		return api.Refuse("binding_over")
	}
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) error { return o.askBinding(ctx, b, c.Lang()) })
	if err != nil {
		return err
	}
	return o.answerBinding(c, http.StatusAccepted, b)
}

// deliverBinding is the job: it sends the code where the person is listed.
func (o *Organisations) deliverBinding(ctx context.Context, job jobs.Job) error {
	var t bindingTicket
	if err := job.Decode(&t); err != nil {
		return err
	}
	b, err := o.bindingByID(ctx, t.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil || b.State != "asked" || b.ExpiresAt <= o.time() {
		return err
	}
	p, err := o.Directory.Person(ctx, b.PersonID)
	if err != nil {
		return err
	}
	made, err := o.bindable(ctx, &b, p)
	if errors.Is(err, storage.ErrNotFound) || err == nil && b.ListedAs == "" {
		return nil // nobody is told anything
	}
	if err != nil {
		return err
	}
	return o.sendBindingCode(ctx, b, made, p, t)
}

// bindable finds the organisation and how it lists the person: an invitation of
// its own, or the register's record.
func (o *Organisations) bindable(ctx context.Context, b *binding, p directory.Person) (directory.Organisation, error) {
	made, err := o.Directory.OrganisationByINN(ctx, b.INN)
	if err != nil {
		return made, err
	}
	b.OrganisationID = made.ID
	invitation, err := o.Directory.PendingInvitation(ctx, made.ID, p)
	if err == nil && (b.Access == accessEmployee || invitation.Role == directory.Administrator) {
		b.ListedAs, b.InvitationID = listedInvited, invitation.ID
		return made, nil
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return made, err
	}
	record, err := o.Registry.Find(ctx, made.OGRN)
	if err != nil {
		return made, err
	}
	b.ListedAs = bindingListing(record, p, o.time())
	return made, nil
}

// bindingListing is how the register lists a person who would join: by a number that
// somebody has vouched for on both sides. A name is anybody's of that name, and
// whoever reads the code at the official contact cannot tell two of them apart; who
// has only the name is invited. A head who is disqualified is not let in either.
func bindingListing(record authority.Record, p directory.Person, now storage.Time) string {
	found := listed(record, p, now)
	if found.Barred || !found.Proved {
		return ""
	}
	return found.As
}

// sendBindingCode puts a real code in the place of nobody's and sends it to the
// official contact: by the channel asked for, or by the other where there is none.
func (o *Organisations) sendBindingCode(ctx context.Context, b binding, made directory.Organisation, p directory.Person, t bindingTicket) error {
	channel, to := officialContact(made, b.Channel)
	if to == "" {
		return nil
	}
	if err := o.codes.room(ctx, b.PersonID, to); err != nil {
		if _, refused := errors.AsType[*api.Refusal](err); refused {
			return nil // too many already; whoever asked learns no more than before
		}
		return err
	}
	digits := newDigits()
	return o.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := o.DB.Exec(ctx, `UPDATE organisation_codes SET mac = $1 WHERE object = $2 AND sends = $3 AND used_at = 0 AND expires_at > $4`,
			o.codes.mac(bindingObject(b), b.PersonID, digits), bindingObject(b), t.Sends, o.time())
		if err != nil || n == 0 {
			return err
		}
		_, err = o.DB.Exec(ctx, `UPDATE organisation_bindings SET organisation_id = $1, listed_as = $2, invitation_id = $3 WHERE id = $4`,
			b.OrganisationID, b.ListedAs, b.InvitationID, b.ID)
		if err != nil {
			return err
		}
		err = o.record(ctx, directory.Actor{PersonID: p.ID}, made.ID, "binding.asked", b.ID,
			map[string]string{"listed_as": b.ListedAs, "access": b.Access, "contact": maskContact(to)})
		if err != nil {
			return err
		}
		return o.codes.post(ctx, codeRequest{Channel: channel, To: to, Lang: "ru", Purpose: purposeBinding(p.FullName(), b.Access)}, digits)
	})
}

func officialContact(made directory.Organisation, channel string) (by, to string) {
	if channel == "sms" && made.Phone != "" || made.Email == "" {
		return "sms", made.Phone
	}
	return "email", made.Email
}

// confirmBinding answers POST /v1/bindings/{id}/confirm.
func (o *Organisations) confirmBinding(c api.Call) error {
	b, err := o.bindingNamed(c)
	if err != nil {
		return err
	}
	var body struct {
		Code string `json:"code"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if !isCode(body.Code) {
		return api.InvalidField("/code", "format")
	}
	if b.State != "asked" || b.ExpiresAt <= o.time() {
		return api.Refuse("binding_over")
	}
	if err := o.codes.try(c.Ctx(), bindingObject(b), b.PersonID, body.Code); err != nil {
		return err
	}
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) error { return o.bind(ctx, &b, body.Code) })
	if err != nil {
		return bindingRefusal(err)
	}
	return o.answerBinding(c, http.StatusOK, b)
}

func bindingRefusal(err error) error {
	if errors.Is(err, storage.ErrExists) {
		return api.Refuse("already_exists").Wrap(err)
	}
	return api.DirectoryRefusal(err)
}

// bind makes the person a member once the code fits.
func (o *Organisations) bind(ctx context.Context, b *binding, digits string) error {
	if err := o.codes.spend(ctx, bindingObject(*b), b.PersonID, digits); err != nil {
		return err
	}
	n, err := o.DB.Exec(ctx, `UPDATE organisation_bindings SET state = 'bound' WHERE id = $1 AND state = 'asked' AND organisation_id <> ''`, b.ID)
	if err != nil {
		return fmt.Errorf("organisation: bind: %w", err)
	}
	if n == 0 {
		return api.Refuse("binding_over")
	}
	b.State = "bound"
	member, err := o.newMember(ctx, *b)
	if err != nil {
		return err
	}
	m, err := o.Directory.Bind(ctx, directory.System(), member, b.InvitationID)
	if err != nil {
		return err
	}
	return o.tellBound(ctx, *b, m)
}

// newMember is what the binding makes of the person: an administrator, or as
// little as his place needs until an administrator says otherwise.
func (o *Organisations) newMember(ctx context.Context, b binding) (directory.NewMember, error) {
	n := directory.NewMember{OrganisationID: b.OrganisationID, PersonID: b.PersonID, Role: directory.Observer}
	switch {
	case b.InvitationID != "":
		p, err := o.Directory.Person(ctx, b.PersonID)
		if err != nil {
			return n, err
		}
		i, err := o.Directory.PendingInvitation(ctx, b.OrganisationID, p)
		if err != nil {
			return n, err
		}
		n.Role, n.Grants, n.Denials, n.Position = i.Role, i.Grants, i.Denials, i.Position
	case b.Access == accessAdministrator:
		n.Role = directory.Administrator
	case b.ListedAs == listedHead:
		n.Role = directory.Head
	}
	return n, nil
}

func (o *Organisations) tellBound(ctx context.Context, b binding, m directory.Member) error {
	p, err := o.Directory.Person(ctx, b.PersonID)
	if err != nil {
		return err
	}
	made, err := o.Directory.Organisation(ctx, b.OrganisationID)
	if err != nil {
		return err
	}
	err = o.record(ctx, directory.Actor{PersonID: b.PersonID}, b.OrganisationID, "binding.bound", m.ID,
		map[string]string{"person": b.PersonID, "listed_as": b.ListedAs, "access": b.Access, "role": string(m.Role)})
	if err != nil {
		return err
	}
	return o.Tell(ctx, notice.Event{
		ID: "binding/" + b.ID, Type: "organization.member_bound", OrganisationID: b.OrganisationID,
		Category: notice.Member, Importance: notice.High, Permission: directory.MembersRead,
		Texts: boundTexts.with("{person}", p.FullName(), "{organisation}", made.Name).notice(),
		Path:  "/cabinet/members/" + m.ID, Data: map[string]string{"member_id": m.ID, "role": string(m.Role)},
	})
}

package directory

import (
	"errors"
	"strings"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/storagetest"
)

// serviceWorld is an organisation that was given a power for its programs.
func serviceWorld(w *world) (office Organisation, given NewPower) {
	office, _ = w.organisation(w.person("director").ID)
	return office, w.vat(Representative{Kind: RepresentsOrganisation, Name: office.Name, INN: office.INN, OGRN: office.OGRN})
}

func TestAProgramActsByALivePowerOfItsOrganisationAndNoOther(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		office, given := serviceWorld(w)
		if _, err := w.ServiceRepresentation(w.ctx, office.ID, w.org.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("without a power: %v", err)
		}
		p := w.power(given)
		r, err := w.ServiceRepresentation(w.ctx, office.ID, w.org.ID)
		if err != nil || r.Organisation.ID != w.org.ID || len(r.Powers) != 1 || r.Powers[0].ID != p.ID || r.Version != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		for what, pair := range map[string][2]string{"the other way round": {w.org.ID, office.ID}, "itself": {w.org.ID, w.org.ID}} {
			if _, err := w.ServiceRepresentation(w.ctx, pair[0], pair[1]); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		act := Act{Permission: r.Powers[0].Permissions()[0], Kind: "NO_NDS"}
		program := Actor{ClientID: "program", PowerID: p.ID, Permissions: []Permission{act.Permission}}
		if by, err := w.Authorise(w.ctx, program, w.org.ID, act); err != nil || by.By != ByPower || by.PowerID != p.ID {
			t.Errorf("authority %+v, %v", by, err)
		}
		bare := program
		bare.Permissions = nil
		for what, err := range map[string]error{
			"a token without the permission": second(w.Authorise(w.ctx, bare, w.org.ID, act)),
			"another principal":              second(w.Authorise(w.ctx, program, office.ID, act)),
			"no such power":                  second(w.Authorise(w.ctx, Actor{ClientID: "program", PowerID: "none", Permissions: program.Permissions}, w.org.ID, act)),
		} {
			if !errors.Is(err, ErrForbidden) {
				t.Errorf("%s: %v", what, err)
			}
		}
		beyond := Act{Permission: act.Permission, Kind: "NO_PRIB"}
		if err := second(w.Authorise(w.ctx, program, w.org.ID, beyond)); !errors.Is(err, ErrPowerExceeded) {
			t.Errorf("beyond its limits: %v", err)
		}
		_, err = w.RevokePower(w.ctx, System(), w.org.ID, p.ID, "", nil)
		w.must(err)
		if err := second(w.Authorise(w.ctx, program, w.org.ID, act)); !errors.Is(err, ErrPowerExpired) {
			t.Errorf("after its end: %v", err)
		}
		if got := w.powerBelow(office.ID, w.org.ID); got != 2 {
			t.Errorf("tokens of programs below version %d are dead", got)
		}
		w.power(given)
		if r, err := w.ServiceRepresentation(w.ctx, office.ID, w.org.ID); err != nil || r.Version != 2 {
			t.Errorf("a new power: version %d, %v", r.Version, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestAClosedOrganisationsProgramsActForNobody(t *testing.T) {
	w := newWorld(t, storagetest.SQLite(t))
	office, given := serviceWorld(w)
	w.power(given)
	w.must(w.CloseOrganisation(w.ctx, System(), office.ID))
	if _, err := w.ServiceRepresentation(w.ctx, office.ID, w.org.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("closed: %v", err)
	}
	if got := w.powerBelow(office.ID, w.org.ID); got != 2 {
		t.Errorf("tokens below version %d are dead", got)
	}
}

func TestARequestIsToldWhereThePersonIsReached(t *testing.T) {
	w := newWorld(t, storagetest.SQLite(t))
	p, mark := w.person("asked"), w.mark()
	ask := Request{Client: "Касса", ClientEN: "Till", BindingMessage: "W4SCT", Path: "/confirmations/1", Expires: storage.Of(w.clock.Now().Add(time.Minute))}
	w.must(w.TellRequest(w.ctx, p, ask))
	sent := w.since(mark)
	if len(sent) != 1 || sent[0].To != p.Email || sent[0].Subject != "Касса просит подтвердить вход" ||
		!strings.Contains(sent[0].Text, "W4SCT") || !strings.Contains(sent[0].Text, "https://id.example/confirmations/1") || sent[0].Expires != ask.Expires {
		t.Errorf("sent %+v", sent)
	}
	p.Email, p.Phone, p.Locale, mark = "", "+79031234567", "en", w.mark()
	w.must(w.TellRequest(w.ctx, p, ask))
	if sent := w.since(mark); len(sent) != 1 || sent[0].Channel != "sms" || sent[0].Text != "Till asks you to confirm: https://id.example/confirmations/1" {
		t.Errorf("sent %+v", sent)
	}
	p.Phone, mark = "", w.mark()
	w.must(w.TellRequest(w.ctx, p, ask))
	if sent := w.since(mark); len(sent) != 0 {
		t.Errorf("sent to nobody: %+v", sent)
	}
}

package directory

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"propusk/storage"
)

func TestOrganisationBeginsWithItsAdministrator(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("founder")
		n := serial.Add(1)
		created, m, err := w.CreateOrganisation(w.ctx, NewOrganisation{
			Kind: KindLegal, INN: someINN(n), KPP: "770101001", OGRN: someOGRN(n), Name: "ООО  «Василёк»",
			Address: "Москва, ул. Мира, 1", Phone: "8 495 111-22-33", Email: "Info@Vasilek.RU", RequiredACR: ACRTwoFactors,
		}, p.ID, "")
		w.must(err)
		now := storage.Of(w.clock.Now())
		want := Organisation{
			ID: created.ID, Kind: KindLegal, INN: someINN(n), KPP: "770101001", OGRN: someOGRN(n), Name: "ООО «Василёк»", FullName: "ООО «Василёк»",
			Address: "Москва, ул. Мира, 1", Phone: "+74951112233", Email: "info@vasilek.ru", Status: StatusActive,
			RequiredACR: ACRTwoFactors, Version: 1, CreatedAt: now, UpdatedAt: now,
		}
		if got, err := w.Organisation(w.ctx, created.ID); err != nil || got != want || created != want {
			t.Errorf("got  %+v\nwant %+v, %v", got, want, err)
		}
		if got, err := w.OrganisationByINN(w.ctx, someINN(n)); err != nil || got.ID != created.ID {
			t.Errorf("by ИНН: %v, %v", got, err)
		}
		if m.Role != Administrator || m.PersonID != p.ID || m.Version != 1 || m.ActivatedAt != now || w.administrators(created.ID) != 1 {
			t.Errorf("%+v, %d administrators", m, w.administrators(created.ID))
		}
		if got := w.actions(created.ID); !slices.Equal(got, []string{"organisation.created"}) {
			t.Errorf("journal: %v", got)
		}
	})
}

func TestOrganisationIsNotMadeWithoutAdministrator(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		n := NewOrganisation{Kind: KindLegal, INN: someINN(5_000_001), KPP: "770101001", OGRN: someOGRN(5_000_001), Name: "ООО"}
		if _, _, err := w.CreateOrganisation(w.ctx, n, w.person("head").ID, Head); !errors.Is(err, ErrLastAdministrator) {
			t.Errorf("with a head alone: %v", err)
		}
		if _, _, err := w.CreateOrganisation(w.ctx, n, "nobody", Administrator); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("with nobody: %v", err)
		}
		blocked := w.person("blocked")
		w.must(w.SetPersonStatus(w.ctx, System(), blocked.ID, StatusBlocked))
		if _, _, err := w.CreateOrganisation(w.ctx, n, blocked.ID, Administrator); !errors.Is(err, ErrBlocked) {
			t.Errorf("with a blocked person: %v", err)
		}
		if _, err := w.OrganisationByINN(w.ctx, n.INN); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("something was stored: %v", err)
		}
	})
}

func TestOrganisationIsTakenOnceWhileActive(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("founder")
		o, _ := w.organisation(p.ID)
		again := NewOrganisation{Kind: KindLegal, INN: o.INN, KPP: "770101001", OGRN: someOGRN(6_000_001), Name: "ООО «Двойник»"}
		var faults FieldErrors
		if _, _, err := w.CreateOrganisation(w.ctx, again, p.ID, ""); !errors.As(err, &faults) || faults[0].Field != "inn" || faults[0].Code != "taken" {
			t.Errorf("the same ИНН: %v", err)
		}
		again.INN, again.OGRN = someINN(6_000_001), o.OGRN
		if _, _, err := w.CreateOrganisation(w.ctx, again, p.ID, ""); !errors.As(err, &faults) || faults[0].Field != "ogrn" {
			t.Errorf("the same ОГРН: %v", err)
		}
		w.must(w.CloseOrganisation(w.ctx, System(), o.ID))
		again.INN = o.INN
		if _, _, err := w.CreateOrganisation(w.ctx, again, p.ID, ""); err != nil {
			t.Errorf("after it was closed: %v", err)
		}
	})
}

func TestOrganisationIsChecked(t *testing.T) {
	t.Parallel()
	legal := NewOrganisation{Kind: KindLegal, INN: "7707083893", KPP: "773601001", OGRN: "1027700132195", Name: "ПАО"}
	sole := NewOrganisation{Kind: KindSole, INN: "500100732259", OGRN: "304500116000157", Name: "ИП"}
	for _, test := range []struct {
		name string
		n    NewOrganisation
		with func(*NewOrganisation)
		want []string
	}{
		{"legal entity", legal, func(*NewOrganisation) {}, nil},
		{"sole proprietor", sole, func(*NewOrganisation) {}, nil},
		{"no kind", legal, func(n *NewOrganisation) { n.Kind = "" }, []string{"kind invalid"}},
		{"a person's ИНН", legal, func(n *NewOrganisation) { n.INN = sole.INN }, []string{"inn invalid"}},
		{"an entity's ИНН", sole, func(n *NewOrganisation) { n.INN = legal.INN }, []string{"inn invalid"}},
		{"a space in the ИНН", legal, func(n *NewOrganisation) { n.INN = "7707083893 " }, []string{"inn invalid"}},
		{"ОГРН for ОГРНИП", sole, func(n *NewOrganisation) { n.OGRN = legal.OGRN }, []string{"ogrn invalid"}},
		{"КПП of a sole proprietor", sole, func(n *NewOrganisation) { n.KPP = "773601001" }, []string{"kpp not_allowed"}},
		{"nothing", NewOrganisation{Kind: KindLegal}, func(*NewOrganisation) {}, []string{"inn required", "kpp required", "ogrn required", "name required"}},
		{"contacts", legal, func(n *NewOrganisation) { n.Phone, n.Email = "111-22-33", "info" }, []string{"phone invalid", "email invalid"}},
		{"assurance", legal, func(n *NewOrganisation) { n.RequiredACR = "urn:propusk:3" }, []string{"required_acr invalid"}},
		{"a name to deceive", legal, func(n *NewOrganisation) { n.Name = "ПАО\u202eКНАБ" }, []string{"name invalid"}},
	} {
		var f fields
		n := test.n
		test.with(&n)
		f.organisation(n)
		var got []string
		for _, fault := range f.faults {
			got = append(got, fault.Field+" "+fault.Code)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestUpdateOrganisation(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		mark := w.mark()
		o, err := w.UpdateOrganisation(w.ctx, w.by(Head), w.org.ID, OrganisationPatch{
			Phone: ptr("8 495 111-22-33"), ActualAddress: ptr("Тверь"), Version: ptr(int64(1)),
		})
		w.must(err)
		if o.Phone != "+74951112233" || o.ActualAddress != "Тверь" || o.Version != 2 || o.Name != w.org.Name {
			t.Errorf("%+v", o)
		}
		if got, _ := w.Organisation(w.ctx, o.ID); got != o {
			t.Errorf("stored %+v", got)
		}
		if e := w.lastEntry(o.ID); e.Action != "organisation.updated" || e.Details["fields"] != "actual_address phone" || e.Actor != w.members[Head].PersonID || e.Client != "web" {
			t.Errorf("journal: %+v", e)
		}
		admin, _ := w.Person(w.ctx, w.members[Administrator].PersonID)
		if got, want := w.messages(mark), []string{admin.Email + ": " + o.Name + ": изменены данные организации"}; !slices.Equal(got, want) {
			t.Errorf("notices %q, want %q", got, want)
		}
		if _, err := w.UpdateOrganisation(w.ctx, w.by(Head), o.ID, OrganisationPatch{Phone: ptr(""), Version: ptr(int64(1))}); !errors.Is(err, ErrStale) {
			t.Errorf("a patch of an older version: %v", err)
		}
		same, err := w.UpdateOrganisation(w.ctx, w.by(Head), o.ID, OrganisationPatch{Phone: ptr("+7 495 1112233")})
		if err != nil || same != o {
			t.Errorf("the same again makes a new version: %+v, %v", same, err)
		}
		var faults FieldErrors
		_, err = w.UpdateOrganisation(w.ctx, w.by(Head), o.ID, OrganisationPatch{Phone: ptr("111"), Email: ptr("x"), RequiredACR: ptr("x")})
		if !errors.As(err, &faults) || len(faults) != 3 {
			t.Errorf("wrong values: %v", err)
		}
	})
}

func TestWhoMayUpdateOrganisation(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		stranger := w.person("stranger")
		w.organisation(stranger.ID)
		for _, test := range []struct {
			name  string
			actor Actor
			patch OrganisationPatch
			may   bool
		}{
			{"manager", w.by(Manager), OrganisationPatch{Phone: ptr("")}, false},
			{"the administrator of another organisation", Actor{PersonID: stranger.ID}, OrganisationPatch{Phone: ptr("")}, false},
			{"nobody", Actor{}, OrganisationPatch{Phone: ptr("")}, false},
			{"a client without the permission", Actor{ClientID: "c"}, OrganisationPatch{Phone: ptr("")}, false},
			{"a client with it", Actor{ClientID: "c", Permissions: []Permission{OrganizationWrite}}, OrganisationPatch{Phone: ptr("")}, true},
			{"a person whose token says more than he holds", Actor{PersonID: w.members[Operator].PersonID, Permissions: Permissions()}, OrganisationPatch{Phone: ptr("")}, false},
			{"a head, of the demanded assurance", w.by(Head), OrganisationPatch{RequiredACR: ptr(ACRTwoFactors)}, false},
			{"a client, of the demanded assurance", Actor{ClientID: "c", Permissions: Permissions()}, OrganisationPatch{RequiredACR: ptr(ACRTwoFactors)}, false},
			{"an administrator, of it", w.by(Administrator), OrganisationPatch{RequiredACR: ptr(ACRTwoFactors)}, true},
		} {
			_, err := w.UpdateOrganisation(w.ctx, test.actor, w.org.ID, test.patch)
			if test.may && err != nil || !test.may && !errors.Is(err, ErrForbidden) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		if _, err := w.UpdateOrganisation(w.ctx, System(), "nowhere", OrganisationPatch{}); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("no such organisation: %v", err)
		}
		if got := w.actions(w.org.ID); !slices.Contains(got, "organisation.updated refused forbidden") {
			t.Errorf("refusals are not in the journal: %v", got)
		}
	})
}

// A demand that is raised stops the tokens made before it, which may be of a
// weaker sign-in; one that is lowered or stays stops none.
func TestARaisedDemandStopsLiveTokens(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		m, gone := w.members[Accountant], w.members[Observer]
		w.must(w.RemoveMember(w.ctx, w.by(Administrator), w.org.ID, gone.ID, nil))
		other, _ := w.organisation(m.PersonID)
		for _, step := range []struct {
			acr   string
			below int64
		}{{ACROneFactor, 2}, {ACRQualified, 3}, {ACRQualified, 3}, {ACRTwoFactors, 3}, {"", 3}, {ACRTwoFactors, 4}} {
			_, err := w.UpdateOrganisation(w.ctx, w.by(Administrator), w.org.ID, OrganisationPatch{RequiredACR: &step.acr, Phone: ptr("+7 495 1112233")})
			w.must(err)
			membership, err := w.Membership(w.ctx, m.PersonID, w.org.ID)
			w.must(err)
			if got := w.below(m.PersonID, w.org.ID); got != step.below || membership.Member.Version != step.below {
				t.Errorf("%q demanded: tokens below %d are dead, new ones say %d, want %d", step.acr, got, membership.Member.Version, step.below)
			}
		}
		if got := w.below(m.PersonID, other.ID); got != 0 {
			t.Errorf("tokens of another organisation below %d are dead", got)
		}
		if got := w.below(gone.PersonID, w.org.ID); got != 2 {
			t.Errorf("the removed member was changed: below %d", got)
		}
	})
}

func TestNoticesGoToTheOrganisationsMailbox(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		_, err := w.UpdateOrganisation(w.ctx, w.by(Administrator), w.org.ID, OrganisationPatch{Email: ptr("boss@romashka.ru")})
		w.must(err)
		mark := w.mark()
		w.must(w.RemoveMember(w.ctx, w.by(Administrator), w.org.ID, w.members[Observer].ID, nil))
		observer, _ := w.Person(w.ctx, w.members[Observer].PersonID)
		want := []string{"boss@romashka.ru: " + w.org.Name + ": сотрудник удалён", observer.Email + ": Ваш доступ закрыт: " + w.org.Name}
		if got := w.messages(mark); !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

func TestCloseOrganisation(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		i, err := w.Invite(w.ctx, w.by(Administrator), w.org.ID, Invitation{LastName: "Ли", FirstName: "Ян", Email: "li@example.ru", Role: Observer})
		w.must(err)
		token := w.link(i.Email)
		for _, actor := range []Actor{w.by(Head), {ClientID: "c", Permissions: Permissions()}} {
			if err := w.CloseOrganisation(w.ctx, actor, w.org.ID); !errors.Is(err, ErrForbidden) {
				t.Errorf("%+v closes: %v", actor, err)
			}
		}
		w.must(w.CloseOrganisation(w.ctx, w.by(Administrator), w.org.ID))
		o, err := w.Organisation(w.ctx, w.org.ID)
		w.must(err)
		if o.Status != StatusClosed || o.ClosedAt != storage.Of(w.clock.Now()) || o.Version != 2 {
			t.Errorf("%+v", o)
		}
		if !w.revoked("organisation", o.ID) {
			t.Error("its tokens live")
		}
		person := w.members[Administrator].PersonID
		if _, err := w.Membership(w.ctx, person, o.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("its membership lives: %v", err)
		}
		if list, err := w.Memberships(w.ctx, person); err != nil || len(list) != 0 {
			t.Errorf("it is offered: %v, %v", list, err)
		}
		if _, err := w.InvitationByToken(w.ctx, token); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("its invitation lives: %v", err)
		}
		for what, err := range map[string]error{
			"closed again": w.CloseOrganisation(w.ctx, w.by(Administrator), o.ID),
			"a removal":    w.RemoveMember(w.ctx, w.by(Administrator), o.ID, w.members[Head].ID, nil),
		} {
			if !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if got := w.actions(o.ID); got[len(got)-1] != "organisation.closed" {
			t.Errorf("journal: %v", got)
		}
	})
}

func TestOrganisationsComeInPages(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for range 3 {
			w.organisation(w.members[Administrator].PersonID)
		}
		first, next, err := w.Organisations(w.ctx, Page{Limit: 3})
		w.must(err)
		rest, end, err := w.Organisations(w.ctx, Page{After: next, Limit: 1000})
		w.must(err)
		if len(first) != 3 || len(rest) != 1 || end != "" || first[0].ID != w.org.ID || rest[0].ID <= first[2].ID {
			t.Errorf("%d and %d, %q", len(first), len(rest), end)
		}
	})
}

func TestDirectorySaysWhatItMisses(t *testing.T) {
	t.Parallel()
	if _, err := New(Deps{}); err == nil {
		t.Error("an empty Deps is accepted")
	}
	if got := fmt.Sprint(Page{}.limit(), Page{Limit: 7}.limit(), Page{Limit: 1 << 30}.limit(), Page{Limit: -1}.limit()); got != "50 7 200 50" {
		t.Error(got)
	}
}

package directory

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/storagetest"
)

// bookkeeper is somebody outside the organisation whose СНИЛС is proved.
func (w *world) bookkeeper() Person {
	w.t.Helper()
	n := serial.Add(1)
	p, err := w.CreatePerson(w.ctx, NewPerson{
		LastName: "Счетова", FirstName: "Анна", MiddleName: "Ильинична", SNILS: someSNILS(n), INN: somePersonalINN(n),
		Email: "bookkeeper." + someSNILS(n) + "@example.ru", EmailVerified: true, NumbersVerified: true,
	})
	w.must(err)
	return p
}

func representative(p Person) Representative {
	return Representative{Kind: RepresentsPerson, LastName: p.LastName, FirstName: p.FirstName, MiddleName: p.MiddleName, SNILS: p.SNILS}
}

func (w *world) day(days int) string {
	return w.clock.Now().In(moscow).AddDate(0, 0, days).Format(time.DateOnly)
}

// vat is a power to file VAT returns of up to a million roubles.
func (w *world) vat(to Representative) NewPower {
	return NewPower{
		Form: PowerMachine, Representative: to, Powers: []string{"2_FNS02"}, Status: PowerActive,
		Limits:   PowerLimits{Reports: []string{"NO_NDS"}, MaxSum: 100_000_000, MaySign: true},
		IssuedOn: w.day(0), Until: w.day(90),
	}
}

func (w *world) power(n NewPower) PowerOfAttorney {
	w.t.Helper()
	p, err := w.AddPower(w.ctx, w.by(Head), w.org.ID, n)
	w.must(err)
	return p
}

// powerBelow is the version under which tokens by power are revoked; 0 = none is.
func (w *world) powerBelow(personID, organisationID string) int64 {
	w.t.Helper()
	var below []int64
	w.must(w.db.Select(w.ctx, &below, `SELECT below FROM revocations WHERE kind = 'power' AND subject = $1`, personID+"/"+organisationID))
	if len(below) == 0 {
		return 0
	}
	return below[0]
}

func faults(err error) string {
	all, _ := errors.AsType[FieldErrors](err)
	var list []string
	for _, f := range all {
		list = append(list, f.Field+" "+f.Code)
	}
	return strings.Join(list, ", ")
}

func TestAPowerOpensExactlyWhatItLists(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna := w.bookkeeper()
		p := w.power(w.vat(representative(anna)))
		r, err := w.Representation(w.ctx, anna.ID, w.org.ID)
		w.must(err)
		want := []Permission{FilingsRead, FilingsSign, FilingsWrite, OrganizationRead}
		if got := r.Permissions(); !slices.Equal(got, want) || r.Version != 1 {
			t.Errorf("permissions %v of version %d, want %v of 1", got, r.Version, want)
		}
		actor := Actor{PersonID: anna.ID, PowerID: p.ID}
		for _, c := range []struct {
			name string
			act  Act
			want error
		}{
			{"the report it names", Act{Permission: FilingsSign, Kind: "NO_NDS", Amount: 100_000_000}, nil},
			{"a form of that report", Act{Permission: FilingsWrite, Kind: "NO_NDS_8"}, nil},
			{"the list of reports", Act{Permission: FilingsRead}, nil},
			{"another report", Act{Permission: FilingsWrite, Kind: "NO_PRIB"}, ErrPowerExceeded},
			{"a report that only begins alike", Act{Permission: FilingsWrite, Kind: "NO_NDSPR"}, ErrPowerExceeded},
			{"reports of any kind", Act{Permission: FilingsWrite}, ErrPowerExceeded},
			{"a kopeck more", Act{Permission: FilingsSign, Kind: "NO_NDS", Amount: 100_000_001}, ErrPowerExceeded},
			{"a permission it does not list", Act{Permission: DocumentsRead}, ErrPowerExceeded},
			{"members", Act{Permission: MembersWrite}, ErrPowerExceeded},
		} {
			a, err := w.Authorise(w.ctx, actor, w.org.ID, c.act)
			if !errors.Is(err, c.want) || c.want == nil && (a != Authority{By: ByPower, PowerID: p.ID, PowerNumber: p.Number}) {
				t.Errorf("%s: %+v, %v", c.name, a, err)
			}
			if c.want != nil && !errors.Is(err, ErrForbidden) {
				t.Errorf("%s: %v is not ErrForbidden", c.name, err)
			}
		}
	})
}

func TestATokenOfThePowersOfBeforeHasTheVersionOfBefore(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna := w.bookkeeper()
		p := w.power(w.vat(representative(anna)))
		// Between two readings somebody else takes the power back, as he can while a
		// transaction at READ COMMITTED goes on. The clock is asked before each reading.
		moments, now := 0, w.now
		w.now = func() time.Time {
			if moments++; moments == 2 {
				_, err := w.RevokePower(w.ctx, w.by(Head), w.org.ID, p.ID, "", nil)
				w.must(err)
			}
			return now()
		}
		r, err := w.Representation(w.ctx, anna.ID, w.org.ID)
		below := w.powerBelow(anna.ID, w.org.ID)
		if below != 2 {
			t.Fatalf("tokens below %d are dead, want 2", below)
		}
		if err == nil && len(r.Powers) > 0 && r.Version >= below {
			t.Errorf("version %d with the powers of before: the token would outlive the power", r.Version)
		}
	})
}

func TestTheUnionOfLivePowersCounts(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna := w.bookkeeper()
		first := w.power(w.vat(representative(anna)))
		extracts := w.vat(representative(anna))
		extracts.Powers, extracts.Limits, extracts.Until = []string{"CAB_EXTRACTS"}, PowerLimits{}, w.day(10)
		second := w.power(extracts)

		r, err := w.Representation(w.ctx, anna.ID, w.org.ID)
		w.must(err)
		if len(r.Powers) != 2 || r.Powers[0].ID != first.ID {
			t.Errorf("the one that ends last is not first: %v", r.Powers)
		}
		a, err := w.Authorise(w.ctx, Actor{PersonID: anna.ID, PowerID: first.ID}, w.org.ID, Act{Permission: ExtractsRead, Kind: "egrul"})
		w.must(err)
		if a.PowerID != second.ID {
			t.Errorf("ordered under %s, want the power that lists it", a.PowerID)
		}
		w.clock.Advance(11 * 24 * time.Hour)
		_, err = w.Authorise(w.ctx, Actor{PersonID: anna.ID}, w.org.ID, Act{Permission: ExtractsRead})
		if !errors.Is(err, ErrPowerExceeded) {
			t.Errorf("under an expired power: %v", err)
		}
	})
}

func TestAnExpiredPowerOpensNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna := w.bookkeeper()
		p := w.power(w.vat(representative(anna)))
		actor := Actor{PersonID: anna.ID, PowerID: p.ID}
		w.clock.Advance(p.ValidUntil.Time().Sub(w.clock.Now()) - time.Microsecond)
		if _, err := w.Authorise(w.ctx, actor, w.org.ID, Act{Permission: OrganizationRead}); err != nil {
			t.Errorf("on its last microsecond: %v", err)
		}
		w.clock.Advance(time.Microsecond)
		if _, err := w.Authorise(w.ctx, actor, w.org.ID, Act{Permission: OrganizationRead}); !errors.Is(err, ErrPowerExpired) {
			t.Errorf("after its last day: %v", err)
		}
		if _, err := w.Representation(w.ctx, anna.ID, w.org.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("representation: %v", err)
		}
		var expired []PowerOfAttorney
		note := func(_ context.Context, p PowerOfAttorney) error { expired = append(expired, p); return nil }
		_, err := w.ExpirePowers(w.ctx, note)
		w.must(err)
		if len(expired) != 1 || expired[0].Status != PowerExpired || w.powerBelow(anna.ID, w.org.ID) != 2 {
			t.Errorf("expired %v, tokens below %d", expired, w.powerBelow(anna.ID, w.org.ID))
		}
		if again, err := w.ExpirePowers(w.ctx, note); err != nil || again != 0 || len(expired) != 1 {
			t.Errorf("expired twice: %v, %v", again, err)
		}
		if got := w.lastEntry(w.org.ID); got.Action != "power.expired" || got.Details["snils"] != "*******"+anna.SNILS[7:] {
			t.Errorf("journal: %s %v", got.Action, got.Details)
		}
	})
}

func TestARevokedPowerKillsTokensAndWhatWasHandedOn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna, boris := w.bookkeeper(), w.bookkeeper()
		given := w.vat(representative(anna))
		given.Delegation = 1
		p := w.power(given)
		child := w.vat(representative(boris))
		child.ParentID, child.Until = p.ID, w.day(30)
		c, err := w.AddPower(w.ctx, Actor{PersonID: anna.ID}, w.org.ID, child)
		w.must(err)
		if _, err := w.Representation(w.ctx, boris.ID, w.org.ID); err != nil {
			t.Fatalf("what was handed on: %v", err)
		}
		if _, err := w.RevokePower(w.ctx, w.by(Accountant), w.org.ID, p.ID, "", nil); !errors.Is(err, ErrForbidden) {
			t.Errorf("without powers:write: %v", err)
		}
		if _, err := w.RevokePower(w.ctx, w.by(Head), w.org.ID, p.ID, "", ptr(p.Version+1)); !errors.Is(err, ErrStale) {
			t.Errorf("of another version: %v", err)
		}
		ended, err := w.RevokePower(w.ctx, w.by(Head), w.org.ID, p.ID, "работа окончена", &p.Version)
		w.must(err)
		if len(ended) != 2 || ended[0].ID != p.ID || ended[1].ID != c.ID || ended[1].Reason != "parent_ended" {
			t.Errorf("ended %v", ended)
		}
		for _, person := range []string{anna.ID, boris.ID} {
			if w.powerBelow(person, w.org.ID) != 2 {
				t.Errorf("tokens of %s live below %d", person, w.powerBelow(person, w.org.ID))
			}
			_, err := w.Authorise(w.ctx, Actor{PersonID: person, PowerID: c.ID}, w.org.ID, Act{Permission: FilingsRead, Kind: "NO_NDS"})
			if !errors.Is(err, ErrPowerExpired) {
				t.Errorf("after the revocation: %v", err)
			}
		}
		if _, err := w.RevokePower(w.ctx, w.by(Head), w.org.ID, p.ID, "", nil); !errors.Is(err, ErrPowerOver) {
			t.Errorf("revoked twice: %v", err)
		}
	})
}

func TestWhatIsHandedOnIsNoWiderAndNoLonger(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna, boris := w.bookkeeper(), w.bookkeeper()
		given := w.vat(representative(anna))
		given.Powers, given.Delegation = []string{"2_FNS02", "CAB_EXTRACTS"}, 2
		given.Limits.MaySign = false
		parent := w.power(given)
		for name, c := range map[string]struct {
			change func(n *NewPower)
			want   string
		}{
			"equal":             {func(*NewPower) {}, ""},
			"another power":     {func(n *NewPower) { n.Powers = []string{"2_FNS03"} }, "powers wider"},
			"the full power":    {func(n *NewPower) { n.Powers = []string{FullTaxPower} }, "powers wider"},
			"a part of a power": {func(n *NewPower) { n.Powers = []string{"CAB_FILINGS_VIEW"} }, ""},
			"any report":        {func(n *NewPower) { n.Limits.Reports = nil }, "limits wider"},
			"another report":    {func(n *NewPower) { n.Limits.Reports = []string{"NO_NDS", "NO_PRIB"} }, "limits wider"},
			"any sum":           {func(n *NewPower) { n.Limits.MaxSum = 0 }, "limits wider"},
			"a larger sum":      {func(n *NewPower) { n.Limits.MaxSum++ }, "limits wider"},
			"signing":           {func(n *NewPower) { n.Limits.MaySign = true }, "limits wider"},
			"longer":            {func(n *NewPower) { n.Until = w.day(91) }, "until longer"},
			"as often again":    {func(n *NewPower) { n.Delegation = 2 }, "delegation wider"},
			"back to the giver": {func(n *NewPower) { n.Representative = representative(anna) }, "representative loop"},
			"to the giver by ИНН": {func(n *NewPower) {
				n.Representative = representative(anna)
				n.Representative.SNILS, n.Representative.INN = "", anna.INN
			}, ""},
			"to the principal": {func(n *NewPower) {
				n.Representative = Representative{Kind: RepresentsOrganisation, Name: w.org.Name, INN: w.org.INN}
			}, "representative/inn self"},
		} {
			child := given
			child.ParentID, child.Representative, child.Delegation = parent.ID, representative(boris), 1
			c.change(&child)
			_, err := w.AddPower(w.ctx, Actor{PersonID: anna.ID}, w.org.ID, child)
			if got := faults(err); got != c.want || c.want == "" && err != nil {
				t.Errorf("%s: %v (%s), want %q", name, err, got, c.want)
			}
		}
		child := w.vat(representative(boris))
		child.ParentID = parent.ID
		if _, err := w.AddPower(w.ctx, Actor{PersonID: boris.ID}, w.org.ID, child); !errors.Is(err, ErrForbidden) {
			t.Errorf("handed on by a stranger: %v", err)
		}
	})
}

func TestAPowerComesBackToNobodyWhoHandedItOn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna, boris := w.bookkeeper(), w.bookkeeper()
		given := w.vat(representative(anna))
		given.Delegation = 3
		given.Representative.INN = anna.INN
		id := w.power(given).ID
		hand := func(from, to Person, depth int) (PowerOfAttorney, error) {
			n := w.vat(representative(to))
			n.ParentID, n.Delegation, n.Representative.INN = id, depth, to.INN
			return w.AddPower(w.ctx, Actor{PersonID: from.ID}, w.org.ID, n)
		}
		p, err := hand(anna, boris, 2)
		w.must(err)
		id = p.ID
		if _, err := hand(boris, anna, 1); faults(err) != "representative loop" {
			t.Errorf("a loop of two: %v", err)
		}
		n := w.vat(Representative{Kind: RepresentsPerson, LastName: "Счетова", FirstName: "Анна", INN: anna.INN})
		n.ParentID = id
		if _, err := w.AddPower(w.ctx, Actor{PersonID: boris.ID}, w.org.ID, n); faults(err) != "representative loop" {
			t.Errorf("a loop under the other number: %v", err)
		}
		chain, err := w.PowerChain(w.ctx, p)
		w.must(err)
		if len(chain) != 2 || chain[0].ID != p.ID || chain[1].ParentID != "" {
			t.Errorf("chain %v", chain)
		}
	})
}

func TestANamesakeWithAnotherSNILSIsNotTheRepresentative(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna, namesake := w.bookkeeper(), w.bookkeeper()
		claims, err := w.CreatePerson(w.ctx, NewPerson{LastName: anna.LastName, FirstName: anna.FirstName,
			SNILS: someSNILS(9_000_000 + serial.Add(1)), Email: someSNILS(serial.Add(1)) + "@example.ru", EmailVerified: true})
		w.must(err)
		w.power(w.vat(representative(anna)))
		toClaimed := w.vat(representative(anna))
		toClaimed.Representative.SNILS = claims.SNILS
		w.power(toClaimed)
		contradicting := w.vat(representative(anna))
		contradicting.Representative.SNILS, contradicting.Representative.INN = anna.SNILS, namesake.INN
		w.power(contradicting)

		for name, id := range map[string]string{"the namesake": namesake.ID, "a СНИЛС that is only claimed": claims.ID} {
			if _, err := w.Representation(w.ctx, id, w.org.ID); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		r, err := w.Representation(w.ctx, anna.ID, w.org.ID)
		if err != nil || len(r.Powers) != 1 {
			t.Errorf("the representative: %d powers, %v", len(r.Powers), err)
		}
	})
}

func TestAMembershipWinsAndEachEndsAlone(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna := w.bookkeeper()
		p := w.power(w.vat(representative(anna)))
		m := w.add(w.org.ID, anna.ID, Observer)
		actor := Actor{PersonID: anna.ID, PowerID: p.ID}

		a, err := w.Authorise(w.ctx, actor, w.org.ID, Act{Permission: FilingsRead})
		if err != nil || a.By != ByMembership || a.MemberID != m.ID || a.Role != Observer {
			t.Errorf("a member who holds a power: %+v, %v", a, err)
		}
		if _, err := w.Authorise(w.ctx, actor, w.org.ID, Act{Permission: FilingsSign, Kind: "NO_NDS", Amount: 1}); !errors.Is(err, ErrForbidden) || errors.Is(err, ErrPowerExceeded) {
			t.Errorf("beyond the membership: %v", err)
		}
		if list, err := w.Representations(w.ctx, anna.ID); err != nil || len(list) != 0 {
			t.Errorf("offered twice: %v, %v", list, err)
		}
		if w.powerBelow(anna.ID, w.org.ID) != 2 {
			t.Error("a token by power outlives the membership's beginning, with more rights than the member has")
		}
		w.must(w.RemoveMember(w.ctx, System(), w.org.ID, m.ID, nil))
		if a, err := w.Authorise(w.ctx, actor, w.org.ID, Act{Permission: FilingsSign, Kind: "NO_NDS", Amount: 1}); err != nil || a.By != ByPower {
			t.Errorf("membership removed, power kept: %+v, %v", a, err)
		}
		if w.powerBelow(anna.ID, w.org.ID) != 2 {
			t.Error("the removal of the membership killed the tokens by power")
		}
		w.add(w.org.ID, anna.ID, Observer)
		below := w.below(anna.ID, w.org.ID)
		_, err = w.RevokePower(w.ctx, w.by(Head), w.org.ID, p.ID, "", nil)
		w.must(err)
		if a, err := w.Authorise(w.ctx, actor, w.org.ID, Act{Permission: FilingsRead}); err != nil || a.By != ByMembership {
			t.Errorf("power revoked, membership kept: %+v, %v", a, err)
		}
		if w.below(anna.ID, w.org.ID) != below {
			t.Error("the end of the power killed the tokens of the membership")
		}
	})
}

func TestAnOrganisationActsByThoseItNames(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		director, clerk, other := w.person("director"), w.person("clerk"), w.person("other")
		office, _ := w.organisation(director.ID)
		member := w.add(office.ID, clerk.ID, Observer)
		w.add(office.ID, other.ID, Observer)
		given := w.vat(Representative{Kind: RepresentsOrganisation, Name: office.Name, INN: office.INN, OGRN: office.OGRN})
		p := w.power(given)

		boss := Actor{PersonID: director.ID}
		if err := w.NamePerformers(w.ctx, boss, office.ID, p.ID, []string{w.bookkeeper().ID}); faults(err) != "performers/0 not_member" {
			t.Errorf("a stranger named: %v", err)
		}
		if err := w.NamePerformers(w.ctx, Actor{PersonID: clerk.ID}, office.ID, p.ID, []string{clerk.ID}); !errors.Is(err, ErrForbidden) {
			t.Errorf("named by himself: %v", err)
		}
		if err := w.NamePerformers(w.ctx, w.by(Head), w.org.ID, p.ID, nil); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("named by the principal: %v", err)
		}
		w.must(w.NamePerformers(w.ctx, boss, office.ID, p.ID, []string{clerk.ID}))
		if _, err := w.Representation(w.ctx, other.ID, w.org.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("not named: %v", err)
		}
		if _, err := w.Representation(w.ctx, clerk.ID, w.org.ID); err != nil {
			t.Errorf("named: %v", err)
		}
		w.must(w.RemoveMember(w.ctx, System(), office.ID, member.ID, nil))
		if _, err := w.Representation(w.ctx, clerk.ID, w.org.ID); !errors.Is(err, storage.ErrNotFound) || w.powerBelow(clerk.ID, w.org.ID) != 2 {
			t.Errorf("who left the representative still enters: %v, tokens below %d", err, w.powerBelow(clerk.ID, w.org.ID))
		}
		w.must(w.NamePerformers(w.ctx, boss, office.ID, p.ID, []string{other.ID}))
		if list, err := w.Performers(w.ctx, p.ID); err != nil || len(list) != 1 || list[0].PersonID != other.ID {
			t.Errorf("performers %v, %v", list, err)
		}
		ended, err := w.RenouncePower(w.ctx, boss, p.ID, "")
		if err != nil || len(ended) != 1 || w.powerBelow(other.ID, w.org.ID) != 2 {
			t.Errorf("given up: %v, %v", ended, err)
		}
		if got := w.lastEntry(office.ID).Action; got != "power.renounced" {
			t.Errorf("the representative's journal ends with %s", got)
		}
	})
}

func TestWhoComesBackIsNotNamedAnyMore(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		director, clerk := w.person("director"), w.person("clerk")
		office, _ := w.organisation(director.ID)
		member := w.add(office.ID, clerk.ID, Observer)
		p := w.power(w.vat(Representative{Kind: RepresentsOrganisation, Name: office.Name, INN: office.INN, OGRN: office.OGRN}))
		w.must(w.NamePerformers(w.ctx, Actor{PersonID: director.ID}, office.ID, p.ID, []string{clerk.ID, director.ID}))
		w.must(w.RemoveMember(w.ctx, System(), office.ID, member.ID, nil))
		w.add(office.ID, clerk.ID, Observer)
		if r, err := w.Representation(w.ctx, clerk.ID, w.org.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("back as an observer, he acts under %d powers: %v", len(r.Powers), err)
		}
		if list, err := w.Performers(w.ctx, p.ID); err != nil || len(list) != 1 || list[0].PersonID != director.ID {
			t.Errorf("performers %v, %v", list, err)
		}
	})
}

func TestAPowerIsGivenUpByItsRepresentativeAlone(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna, boris := w.bookkeeper(), w.bookkeeper()
		given := w.vat(representative(anna))
		given.Irrevocable = true
		p := w.power(given)
		if _, err := w.RenouncePower(w.ctx, Actor{PersonID: boris.ID}, p.ID, ""); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("by a stranger: %v", err)
		}
		if _, err := w.RevokePower(w.ctx, w.by(Head), w.org.ID, p.ID, "", nil); !errors.Is(err, ErrPowerIrrevocable) {
			t.Errorf("an irrevocable one revoked: %v", err)
		}
		ended, err := w.RenouncePower(w.ctx, Actor{PersonID: anna.ID}, p.ID, "не веду больше")
		w.must(err)
		if len(ended) != 1 || ended[0].Status != PowerRevoked || ended[0].Reason != "не веду больше" {
			t.Errorf("ended %+v", ended)
		}
		if _, err := w.Representation(w.ctx, anna.ID, w.org.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("still a representative: %v", err)
		}
	})
}

func TestAPowerMovesOnlyAlongItsStates(t *testing.T) {
	t.Parallel()
	want := map[PowerStatus]string{
		PowerDraft: "checking active revoked refused", PowerChecking: "active revoked refused", PowerActive: "expired revoked",
		PowerExpired: "", PowerRevoked: "", PowerRefused: "",
	}
	for _, from := range PowerStatuses() {
		var to []string
		for _, s := range PowerStatuses() {
			if from.May(s) {
				to = append(to, string(s))
			}
		}
		if got := strings.Join(to, " "); got != want[from] || from.Over() != (want[from] == "") {
			t.Errorf("%s goes to %q, want %q; over %v", from, got, want[from], from.Over())
		}
	}
}

func TestADraftOpensNothingUntilItIsSettled(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna := w.bookkeeper()
		old := w.power(w.vat(representative(anna)))
		n := w.vat(representative(anna))
		n.Status, n.ReplacesID, n.Powers = "", old.ID, []string{"CAB_EXTRACTS"}
		draft := w.power(n)
		if r, err := w.Representation(w.ctx, anna.ID, w.org.ID); err != nil || len(r.Powers) != 1 || r.Powers[0].ID != old.ID {
			t.Errorf("a draft counts: %v, %v", r.Powers, err)
		}
		if _, _, err := w.SettlePower(w.ctx, w.by(Manager), w.org.ID, draft.ID, PowerActive, "", nil); !errors.Is(err, ErrForbidden) {
			t.Errorf("settled without powers:write: %v", err)
		}
		other := w.person("other")
		stranger, _ := w.organisation(other.ID)
		if _, _, err := w.SettlePower(w.ctx, Actor{PersonID: other.ID}, stranger.ID, draft.ID, PowerActive, "", nil); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("settled by another organisation: %v", err)
		}
		p, ended, err := w.SettlePower(w.ctx, w.by(Head), w.org.ID, draft.ID, PowerActive, "", &draft.Version)
		w.must(err)
		if p.Status != PowerActive || len(ended) != 1 || ended[0].ID != old.ID || ended[0].Reason != "replaced" {
			t.Errorf("settled %s, ended %v", p.Status, ended)
		}
		if _, _, err := w.SettlePower(w.ctx, w.by(Head), w.org.ID, p.ID, PowerRefused, "", nil); !errors.Is(err, ErrPowerOver) {
			t.Errorf("an active one refused: %v", err)
		}
	})
}

func TestWhoHandsOnReplacesOnlyWhatHeHandedOn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna, boris := w.bookkeeper(), w.bookkeeper()
		given := w.vat(representative(anna))
		given.Delegation = 1
		parent, foreign := w.power(given), w.power(w.vat(representative(w.bookkeeper())))
		hand := func(replaces string) (PowerOfAttorney, error) {
			n := w.vat(representative(boris))
			n.Status, n.ParentID, n.ReplacesID = "", parent.ID, replaces
			return w.AddPower(w.ctx, Actor{PersonID: anna.ID}, w.org.ID, n)
		}
		for name, id := range map[string]string{"the principal's other power": foreign.ID, "her own": parent.ID} {
			if _, err := hand(id); faults(err) != "replaces_id invalid" {
				t.Errorf("%s replaced by what is handed on: %v", name, err)
			}
		}
		child, err := hand("")
		w.must(err)
		if _, err := hand(child.ID); err != nil {
			t.Errorf("what she handed on herself: %v", err)
		}
	})
}

func TestANotarialPowerGrantsNoMoreThanItsEntererHolds(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		n := w.vat(representative(w.bookkeeper()))
		n.Form, n.Powers = PowerNotarial, []string{"CAB_FINANCE_PAY"}
		if _, err := w.AddPower(w.ctx, w.by(Head), w.org.ID, n); !errors.Is(err, ErrForbidden) {
			t.Errorf("a head has no payments to give: %v", err)
		}
		if _, err := w.AddPower(w.ctx, w.by(Administrator), w.org.ID, n); err != nil {
			t.Errorf("an administrator: %v", err)
		}
	})
}

func TestANotarialPowerIsEnteredByAColleague(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	anna := w.bookkeeper()
	w.add(w.org.ID, anna.ID, Administrator)
	n := w.vat(representative(anna))
	n.Form, n.Powers, n.Status = PowerNotarial, []string{"CAB_EXTRACTS"}, PowerDraft
	self := Actor{PersonID: anna.ID}
	if _, err := w.AddPower(w.ctx, self, w.org.ID, n); faults(err) != "representative self" {
		t.Errorf("to herself: %v", err)
	}
	if err := w.CheckPower(w.ctx, self, w.org.ID, n); faults(err) != "representative self" {
		t.Errorf("checked: %v", err)
	}
	draft, err := w.AddPower(w.ctx, w.by(Administrator), w.org.ID, n)
	w.must(err)
	if _, _, err := w.SettlePower(w.ctx, self, w.org.ID, draft.ID, PowerActive, "", nil); faults(err) != "representative self" {
		t.Errorf("made active by herself: %v", err)
	}
	if _, _, err := w.SettlePower(w.ctx, w.by(Administrator), w.org.ID, draft.ID, PowerActive, "", nil); err != nil {
		t.Errorf("by a colleague: %v", err)
	}
}

func TestAnIrrevocablePowerIsNotReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	anna := w.bookkeeper()
	given := w.vat(representative(anna))
	given.Irrevocable = true
	old := w.power(given)
	next := w.vat(representative(anna))
	next.Status, next.ReplacesID = PowerChecking, old.ID
	if _, err := w.AddPower(w.ctx, w.by(Head), w.org.ID, next); faults(err) != "replaces_id irrevocable" {
		t.Errorf("replaced: %v", err)
	}
	// Nor by one that was made while it could still be taken back.
	given.Status = PowerDraft
	draft := w.power(given)
	next.ReplacesID = draft.ID
	waiting, err := w.AddPower(w.ctx, w.by(Head), w.org.ID, next)
	w.must(err)
	_, _, err = w.SettlePower(w.ctx, w.by(Head), w.org.ID, draft.ID, PowerActive, "", nil)
	w.must(err)
	if _, _, err := w.SettlePower(w.ctx, w.by(Head), w.org.ID, waiting.ID, PowerActive, "", nil); faults(err) != "replaces_id irrevocable" {
		t.Errorf("replaced later: %v", err)
	}
}

// One power that fails holds up none of the others.
func TestThePowersAfterOneThatFailsExpireToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	var ids []string
	for range 3 {
		ids = append(ids, w.power(w.vat(representative(w.bookkeeper()))).ID)
	}
	w.clock.Advance(91 * 24 * time.Hour)
	broken := errors.New("broken")
	n, err := w.ExpirePowers(w.ctx, func(_ context.Context, p PowerOfAttorney) error {
		if p.ID == ids[0] {
			return broken
		}
		return nil
	})
	if n != 2 || !errors.Is(err, broken) || !strings.Contains(err.Error(), ids[0]) {
		t.Errorf("%d expired, %v", n, err)
	}
	n, err = w.ExpirePowers(w.ctx, func(context.Context, PowerOfAttorney) error { return nil })
	if n != 1 || err != nil {
		t.Errorf("then %d expired, %v", n, err)
	}
}

func TestWhatAPowerSaysIsChecked(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna := w.bookkeeper()
		taken := w.power(w.vat(representative(anna)))
		for want, change := range map[string]func(n *NewPower){
			"number invalid":                     func(n *NewPower) { n.Number = "{" + taken.Number + "}" },
			"number taken":                       func(n *NewPower) { n.Number = strings.ToUpper(taken.Number) },
			"form invalid":                       func(n *NewPower) { n.Form = "oral" },
			"status invalid":                     func(n *NewPower) { n.Status = PowerRevoked },
			"powers required":                    func(n *NewPower) { n.Powers = nil },
			"powers/1 unknown":                   func(n *NewPower) { n.Powers = append(n.Powers, "2_FNS98") },
			"limits/reports/0 invalid":           func(n *NewPower) { n.Limits.Reports = []string{"НДС"} },
			"limits/max_sum invalid":             func(n *NewPower) { n.Limits.MaxSum = -1 },
			"delegation invalid":                 func(n *NewPower) { n.Delegation = MaxDelegation + 1 },
			"issued_on future":                   func(n *NewPower) { n.IssuedOn = w.day(1) },
			"issued_on required, until required": func(n *NewPower) { n.IssuedOn, n.Until = "", "" },
			"issued_on invalid":                  func(n *NewPower) { n.IssuedOn = "2026-02-30" },
			"until before_issue":                 func(n *NewPower) { n.Until = w.day(-1) },
			"until expired":                      func(n *NewPower) { n.IssuedOn, n.Until = w.day(-9), w.day(-1) },
			"representative/snils required":      func(n *NewPower) { n.Representative.SNILS = "" },
			"representative/snils invalid":       func(n *NewPower) { n.Representative.SNILS = "112-233-445 96" },
			"representative/inn invalid":         func(n *NewPower) { n.Representative.INN = w.org.INN },
			"representative/kind invalid":        func(n *NewPower) { n.Representative.Kind = "agent" },
			"representative/name required":       func(n *NewPower) { n.Representative = Representative{Kind: RepresentsOrganisation, INN: someINN(900)} },
			"representative/inn self": func(n *NewPower) {
				n.Representative = Representative{Kind: RepresentsOrganisation, Name: "Мы", INN: w.org.INN}
			},
			"replaces_id invalid":              func(n *NewPower) { n.ReplacesID = storage.NewID() },
			"representative/last_name invalid": func(n *NewPower) { n.Representative.LastName = "<b>" },
			"representative/ogrn invalid": func(n *NewPower) {
				n.Representative = Representative{Kind: RepresentsOrganisation, Name: "А", INN: someINN(901), OGRN: "1"}
			},
		} {
			n := w.vat(representative(anna))
			change(&n)
			if _, err := w.AddPower(w.ctx, w.by(Head), w.org.ID, n); faults(err) != want {
				t.Errorf("%v (%s), want %q", err, faults(err), want)
			}
		}
	})
}

func TestARefusedPowerIsNotShownToWhomItNames(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		office, _ := w.organisation(w.person("director").ID)
		given := w.vat(Representative{Kind: RepresentsOrganisation, Name: office.Name, INN: office.INN})
		given.Status, given.Reason = PowerRefused, "the signature is somebody else's"
		refused := w.power(given)
		for _, status := range []PowerStatus{"", PowerRefused} {
			if list, err := w.PowersGiven(w.ctx, office.ID, PowerFilter{Status: status}); err != nil || len(list) != 0 {
				t.Errorf("status %q: %d powers, %v", status, len(list), err)
			}
		}
		if _, err := w.Power(w.ctx, office.ID, refused.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("alone: %v", err)
		}
	})
}

func TestPowersAreListedToBothSidesAndNobodyElse(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		director := w.person("director")
		office, _ := w.organisation(director.ID)
		given := w.vat(Representative{Kind: RepresentsOrganisation, Name: "Счёт_Плюс", INN: office.INN})
		toOffice := w.power(given)
		given.Status = PowerDraft
		draft := w.power(given)
		w.clock.Advance(time.Second)
		toAnna := w.power(w.vat(representative(w.bookkeeper())))
		ids := func(list []PowerOfAttorney, err error) (got []string) {
			t.Helper()
			w.must(err)
			for _, p := range list {
				got = append(got, p.ID)
			}
			return got
		}
		for _, c := range []struct {
			name string
			got  []string
			want []string
		}{
			{"granted", ids(w.PowersGranted(w.ctx, w.org.ID, PowerFilter{})), []string{toAnna.ID, draft.ID, toOffice.ID}},
			{"given", ids(w.PowersGiven(w.ctx, office.ID, PowerFilter{})), []string{toOffice.ID}},
			{"given to the principal", ids(w.PowersGiven(w.ctx, w.org.ID, PowerFilter{})), nil},
			{"drafts", ids(w.PowersGranted(w.ctx, w.org.ID, PowerFilter{Status: PowerDraft, Form: PowerMachine})), []string{draft.ID}},
			{"by name", ids(w.PowersGranted(w.ctx, w.org.ID, PowerFilter{Query: "СЧЁТ_плюс"})), []string{draft.ID, toOffice.ID}},
			{"a wildcard is a character", ids(w.PowersGranted(w.ctx, w.org.ID, PowerFilter{Query: "Сч%Плюс"})), nil},
			{"the page after", ids(w.PowersGranted(w.ctx, w.org.ID, PowerFilter{BeforeAt: draft.CreatedAt, BeforeID: draft.ID})), []string{toOffice.ID}},
		} {
			if !slices.Equal(c.got, c.want) {
				t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
			}
		}
		if _, err := w.Power(w.ctx, office.ID, draft.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("a draft shown to its representative: %v", err)
		}
		if _, err := w.Power(w.ctx, office.ID, toAnna.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("a power of another organisation: %v", err)
		}
		w.clock.Advance(100 * 24 * time.Hour)
		if got := ids(w.PowersGranted(w.ctx, w.org.ID, PowerFilter{Status: PowerExpired})); len(got) != 3 {
			t.Errorf("expired by itself: %v", got)
		}
		if got := ids(w.PowersGranted(w.ctx, w.org.ID, PowerFilter{Status: PowerActive})); len(got) != 0 {
			t.Errorf("active after its end: %v", got)
		}
	})
}

func TestEachReminderIsGivenOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		n := w.vat(representative(w.bookkeeper()))
		n.Until = w.day(39)
		w.power(n)
		var told []int
		for range 41 {
			list, err := w.EndingPowers(w.ctx)
			w.must(err)
			for _, e := range list {
				ok, err := w.Reminded(w.ctx, e)
				w.must(err)
				if again, _ := w.Reminded(w.ctx, e); again || !ok {
					t.Errorf("day %d was told twice", e.Days)
				}
				told = append(told, e.Days)
			}
			w.clock.Advance(24 * time.Hour)
		}
		if !slices.Equal(told, []int{30, 7, 1}) {
			t.Errorf("reminded at %v", told)
		}
	})
}

func TestWhatEndsTheTokensOfMembersEndsThoseByPower(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna := w.bookkeeper()
		w.power(w.vat(representative(anna)))
		_, err := w.UpdateOrganisation(w.ctx, w.by(Administrator), w.org.ID, OrganisationPatch{RequiredACR: ptr(ACRQualified)})
		w.must(err)
		if got := w.powerBelow(anna.ID, w.org.ID); got != 2 {
			t.Errorf("a raised demand leaves tokens below %d", got)
		}
		w.must(w.SetPersonStatus(w.ctx, System(), anna.ID, StatusBlocked))
		if got := w.powerBelow(anna.ID, w.org.ID); got != 3 {
			t.Errorf("a block leaves tokens below %d", got)
		}
		if _, err := w.Representation(w.ctx, anna.ID, w.org.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("blocked: %v", err)
		}
		w.must(w.SetPersonStatus(w.ctx, System(), anna.ID, StatusActive))
		r, err := w.Representation(w.ctx, anna.ID, w.org.ID)
		if err != nil || r.Version != 3 {
			t.Errorf("unblocked: version %d, %v", r.Version, err)
		}
		w.must(w.CloseOrganisation(w.ctx, w.by(Administrator), w.org.ID))
		list, err := w.PowersGranted(w.ctx, w.org.ID, PowerFilter{})
		if err != nil || len(list) != 1 || list[0].Status != PowerRevoked || list[0].Reason != "organisation_closed" {
			t.Errorf("after the closing: %v, %v", list, err)
		}
	})
}

func TestAPowerOpensNothingInASecondOrganisation(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna := w.bookkeeper()
		p := w.power(w.vat(representative(anna)))
		other, _ := w.organisation(w.person("director").ID)
		_, err := w.Authorise(w.ctx, Actor{PersonID: anna.ID, PowerID: p.ID}, other.ID, Act{Permission: OrganizationRead})
		if !errors.Is(err, ErrForbidden) || errors.Is(err, ErrPowerExpired) || errors.Is(err, ErrPowerExceeded) {
			t.Errorf("in another organisation: %v", err)
		}
	})
}

func TestClientsAndTheSystemAreAuthorisedByWhatTheyAre(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		client := Actor{ClientID: "exchange", Permissions: []Permission{FilingsWrite}}
		for name, c := range map[string]struct {
			actor Actor
			act   Permission
			by    string
		}{
			"a client":           {client, FilingsWrite, ByClient},
			"a client beyond":    {client, FilingsSign, ""},
			"the system":         {System(), PowersWrite, BySystem},
			"nobody":             {Actor{}, FilingsRead, ""},
			"an unknown act":     {System(), "filings:burn", ""},
			"a member":           {w.by(Accountant), FilingsSign, ByMembership},
			"a member beyond it": {w.by(Observer), FilingsSign, ""},
		} {
			a, err := w.Authorise(w.ctx, c.actor, w.org.ID, Act{Permission: c.act})
			if a.By != c.by || (err == nil) != (c.by != "") {
				t.Errorf("%s: %+v, %v", name, a, err)
			}
		}
	})
}

func TestRightsByPowerCountWhereTheDirectoryAsks(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		anna := w.bookkeeper()
		w.power(w.vat(representative(anna)))
		_, err := w.UpdateOrganisation(w.ctx, Actor{PersonID: anna.ID}, w.org.ID, OrganisationPatch{Address: ptr("Москва")})
		if !errors.Is(err, ErrForbidden) {
			t.Errorf("a power that does not list it: %v", err)
		}
		if err := w.RemoveMember(w.ctx, Actor{PersonID: anna.ID}, w.org.ID, w.members[Observer].ID, nil); !errors.Is(err, ErrForbidden) {
			t.Errorf("members are managed by members: %v", err)
		}
	})
}

func TestNoPowerOpensTheManagementOfWhoMayAct(t *testing.T) {
	t.Parallel()
	codes := make([]string, 0, len(PowerCodes()))
	for _, c := range PowerCodes() {
		if c.Label("ru") == "" || c.Label("en") == "" || c.Label("ru") == c.Label("en") {
			t.Errorf("%s has no words", c.Code)
		}
		codes = append(codes, c.Code)
	}
	set := powersSet(codes)
	for _, p := range []Permission{MembersWrite, PowersWrite, ClientsWrite, OrganizationWrite} {
		if set&permissionBits[p] != 0 {
			t.Errorf("%s can be given by power", p)
		}
	}
	if _, known := FindPowerCode("2_FNS02"); !known {
		t.Error("2_FNS02 is unknown")
	}
}

// The lists walk an index, whatever the other organisations have.
func TestPowersAreListedByAnIndex(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		if w.db.Engine() != "postgres" {
			return
		}
		p := w.power(w.vat(representative(w.bookkeeper())))
		w.must(w.db.Tx(w.ctx, func(ctx context.Context) error {
			_, err := w.db.Exec(ctx, `INSERT INTO powers (`+powerNames+`)
				SELECT 'x' || n, 'x' || n, $1, '', '', form, status, reason, irrevocable, representative_kind, 'snils:' || n, representative,
					powers, limits, delegation, issued_at, valid_until, granted_by, search, 0, 1, created_at + n, updated_at, 0
				FROM powers, generate_series(1, 20000) n WHERE id = $2`, w.members[Head].OrganisationID, p.ID)
			return err
		}))
		_, err := w.db.Exec(w.ctx, "ANALYZE powers")
		w.must(err)
		var plan []string
		w.must(w.db.Select(w.ctx, &plan, `EXPLAIN SELECT id FROM powers WHERE organisation_id = 'x' AND created_at <= 5 AND (created_at < 5 OR id < 'z')
			ORDER BY created_at DESC, id DESC LIMIT 51`))
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan") {
			t.Error(text)
		}
	})
}

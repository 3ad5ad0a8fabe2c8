package directory

import (
	"errors"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/storagetest"
)

// vatOnly lets a token file VAT returns to one office, up to a sum.
func vatOnly() Details {
	return Details{{
		Type: DetailFiling, Actions: []string{ActionRead, ActionWrite, ActionSign},
		Kinds: []string{"NO_NDS"}, Recipients: []string{"7707"}, MaxSum: 100_00,
	}}
}

func TestDetailsLetThroughWhatOneOfThemNamesAndNothingElseOfTheirDomain(t *testing.T) {
	t.Parallel()
	ds := append(vatOnly(), Detail{Type: DetailFiling, Actions: []string{ActionRead}, Kinds: []string{"NO_USN"}},
		Detail{Type: DetailExtract, Kinds: []string{"egrul"}}, Detail{Type: DetailPower, Actions: []string{ActionView}})
	for _, c := range []struct {
		name string
		act  Act
		want bool
	}{
		{"the report, the office, the sum", Act{Permission: FilingsSign, Kind: "NO_NDS", Amount: 100_00, Recipient: "7707"}, true},
		{"a kopeck more", Act{Permission: FilingsSign, Kind: "NO_NDS", Amount: 100_01, Recipient: "7707"}, false},
		{"another office", Act{Permission: FilingsSign, Kind: "NO_NDS", Recipient: "7708"}, false},
		{"an office not told", Act{Permission: FilingsWrite, Kind: "NO_NDS"}, false},
		{"a form of the report", Act{Permission: FilingsWrite, Kind: "NO_NDS_8", Recipient: "7707"}, true},
		{"a report that only begins alike", Act{Permission: FilingsWrite, Kind: "NO_NDSPR", Recipient: "7707"}, false},
		{"another report", Act{Permission: FilingsWrite, Kind: "NO_PRIB", Recipient: "7707"}, false},
		{"one that may be read, being filed", Act{Permission: FilingsSign, Kind: "NO_USN", Recipient: "7707"}, false},
		{"one that may be read", Act{Permission: FilingsRead, Kind: "NO_USN"}, true},
		{"reading another", Act{Permission: FilingsRead, Kind: "NO_PRIB"}, false},
		{"looking at the list", Act{Permission: FilingsRead}, true},
		{"filing of no kind", Act{Permission: FilingsWrite, Recipient: "7707"}, false},
		{"the extract", Act{Permission: ExtractsRead, Kind: "egrul"}, true},
		{"another extract", Act{Permission: ExtractsRead, Kind: "debt"}, false},
		{"looking at powers", Act{Permission: PowersRead}, true},
		{"giving powers", Act{Permission: PowersWrite}, false},
		{"a domain that no detail speaks of", Act{Permission: MembersWrite}, true},
	} {
		if got := ds.Allow(c.act); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if !(Details{}).Allow(Act{Permission: FilingsSign, Kind: "NO_PRIB"}) {
		t.Error("no details limit something")
	}
}

func TestATokenForVATReturnsAuthorisesNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	actor := Actor{PersonID: w.members[Administrator].PersonID, Details: vatOnly()}
	_, err := w.Authorise(w.ctx, actor, w.org.ID, Act{Permission: FilingsSign, Kind: "NO_NDS", Recipient: "7707"})
	w.must(err)
	_, err = w.Authorise(w.ctx, actor, w.org.ID, Act{Permission: FilingsSign, Kind: "NO_PRIB", Recipient: "7707"})
	if !errors.Is(err, ErrDetailsExceeded) || !errors.Is(err, ErrForbidden) {
		t.Errorf("another report: %v", err)
	}
	service := Actor{ClientID: "c", Permissions: []Permission{FilingsSign}, Details: vatOnly()}
	if _, err = w.Authorise(w.ctx, service, w.org.ID, Act{Permission: FilingsSign, Kind: "NO_PRIB", Recipient: "7707"}); !errors.Is(err, ErrDetailsExceeded) {
		t.Errorf("another report by a service: %v", err)
	}
}

func TestWhatATokenHoldsWithinLimitsItCannotHandOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	held, err := w.rights(w.ctx, Actor{PersonID: w.members[Administrator].PersonID, Details: vatOnly()}, w.org.ID)
	w.must(err)
	full, err := w.rights(w.ctx, Actor{PersonID: w.members[Administrator].PersonID}, w.org.ID)
	w.must(err)
	if lost := full.set &^ held.set; lost != 0 {
		t.Errorf("lost %v", lost.list())
	}
	if got, want := held.limited, setOf([]Permission{FilingsRead, FilingsWrite, FilingsSign}); got != want {
		t.Errorf("limited are %v", got.list())
	}
	if err := held.mayMove(standing{}, standing{role: Observer, grants: []Permission{FilingsSign}}); !errors.Is(err, ErrForbidden) {
		t.Errorf("a token for VAT returns grants the right to sign any: %v", err)
	}
	reader := full.within(Details{{Type: DetailFiling, Actions: []string{ActionRead}}})
	if reader.set.covers(setOf([]Permission{FilingsSign})) || !reader.grantable().covers(setOf([]Permission{FilingsRead})) {
		t.Errorf("a reader of all filings holds %v, limited %v", reader.set.list(), reader.limited.list())
	}
}

func TestDetailsBoundThePowersThatAreGiven(t *testing.T) {
	t.Parallel()
	day := storage.Time(24 * time.Hour / time.Microsecond)
	power := func(sum int64, days storage.Time, codes ...string) PowerOfAttorney {
		p := PowerOfAttorney{IssuedAt: day, ValidUntil: day + days*day}
		p.Powers.V, p.Limits.V.MaxSum = codes, sum
		return p
	}
	ds := Details{{Type: DetailPower, Actions: []string{ActionGrant}, Powers: []string{"2_FNS02"}, MaxSum: 100, MaxDays: 30}}
	for name, c := range map[string]struct {
		power PowerOfAttorney
		want  bool
	}{
		"within":             {power(100, 30, "2_FNS02"), true},
		"a larger sum":       {power(101, 30, "2_FNS02"), false},
		"no limit on sums":   {power(0, 30, "2_FNS02"), false},
		"a day longer":       {power(100, 31, "2_FNS02"), false},
		"another power":      {power(100, 30, FullTaxPower), false},
		"one power too many": {power(100, 30, "2_FNS02", "2_FNS03"), false},
	} {
		if got := ds.allowPower(c.power); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if ds.allowRevoking() || !(Details{{Type: DetailPower, Actions: []string{ActionRevoke}}}).allowRevoking() || !vatOnly().allowRevoking() {
		t.Error("revoking goes by its own action")
	}
	if (Details{{Type: DetailPower, Actions: []string{ActionRevoke}}}).allowPower(power(1, 1)) {
		t.Error("who may revoke grants")
	}
}

func TestNarrowerDetailsLieWithinTheGranted(t *testing.T) {
	t.Parallel()
	granted := vatOnly()
	narrow := func(change func(*Detail)) Details {
		d := vatOnly()[0]
		change(&d)
		return Details{d}
	}
	for name, c := range map[string]struct {
		narrower Details
		want     bool
	}{
		"the same":        {vatOnly(), true},
		"none":            {nil, true},
		"one action":      {narrow(func(d *Detail) { d.Actions = []string{ActionRead} }), true},
		"a form of it":    {narrow(func(d *Detail) { d.Kinds = []string{"NO_NDS_8"} }), true},
		"a smaller sum":   {narrow(func(d *Detail) { d.MaxSum = 1 }), true},
		"no sum":          {narrow(func(d *Detail) { d.MaxSum = 0 }), false},
		"a larger sum":    {narrow(func(d *Detail) { d.MaxSum++ }), false},
		"every kind":      {narrow(func(d *Detail) { d.Kinds = nil }), false},
		"one kind more":   {narrow(func(d *Detail) { d.Kinds = append(d.Kinds, "NO_PRIB") }), false},
		"every office":    {narrow(func(d *Detail) { d.Recipients = nil }), false},
		"another type":    {Details{{Type: DetailExtract}}, false},
		"twice, one wide": {append(vatOnly(), Detail{Type: DetailFiling, Actions: []string{ActionRead}}), false},
	} {
		if got := granted.Cover(c.narrower); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestADetailHasItsOwnFieldsOnly(t *testing.T) {
	t.Parallel()
	many := make([]string, MaxDetailCodes+1)
	for i := range many {
		many[i] = string(rune('A' + i))
	}
	for name, d := range map[string]Detail{
		"an unknown type":         {Type: "payment_initiation"},
		"no actions":              {Type: DetailFiling},
		"an action of another":    {Type: DetailFiling, Actions: []string{ActionGrant}},
		"actions of extracts":     {Type: DetailExtract, Actions: []string{ActionRead}},
		"a sum of extracts":       {Type: DetailExtract, MaxSum: 1},
		"kinds of powers":         {Type: DetailPower, Actions: []string{ActionView}, Kinds: []string{"A"}},
		"powers of filings":       {Type: DetailFiling, Actions: []string{ActionRead}, Powers: []string{"2_FNS02"}},
		"an unknown power":        {Type: DetailPower, Actions: []string{ActionGrant}, Powers: []string{"X"}},
		"a code that is none":     {Type: DetailExtract, Kinds: []string{"<script>"}},
		"the same code twice":     {Type: DetailExtract, Kinds: []string{"a", "a"}},
		"too many codes":          {Type: DetailExtract, Kinds: many},
		"a negative sum":          {Type: DetailFiling, Actions: []string{ActionRead}, MaxSum: -1},
		"a sum beyond all bounds": {Type: DetailFiling, Actions: []string{ActionRead}, MaxSum: maxDetailSum + 1},
		"days beyond all bounds":  {Type: DetailPower, Actions: []string{ActionGrant}, MaxDays: maxDetailDays + 1},
	} {
		if d.Check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for _, d := range append(vatOnly(), Detail{Type: DetailExtract}, Detail{Type: DetailPower, Actions: []string{ActionGrant}, Powers: []string{"2_FNS02"}, MaxDays: 1}) {
		if err := d.Check(); err != nil {
			t.Errorf("%+v: %v", d, err)
		}
	}
}

package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"propusk/storage"
)

func TestBankNumbersAreCheckedByTheirKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		bic, account string
		good         bool
	}{
		{"044525225", "40702810138250123017", true},
		{"044525823", "40702810000000011692", true},
		{"044525700", "40702810800001400002", true},
		{"044525225", "40702810138250123018", false},
		{"044525823", "40702810138250123017", false},
		{"144525225", "40702810138250123017", false},
		{"044525225", "4070281013825012301", false},
		{"044525225", "4070281013825012301x", false},
	} {
		if got := ValidAccount(test.bic, test.account); got != test.good {
			t.Errorf("%s at %s: %v", test.account, test.bic, got)
		}
	}
	for account, good := range map[string]bool{"30101810400000000225": true, "30101810400000000226": false, "40702810138250123017": false} {
		if got := ValidCorrespondentAccount("044525225", account); got != good {
			t.Errorf("correspondent %s: %v", account, got)
		}
	}
	if !ValidCorrespondentAccount("044525700", "30101810200000000700") {
		t.Error("30101810200000000700 is refused")
	}
	// What the Bank of Russia keeps itself is checked as a correspondent account is.
	if ValidAccount("044525000", "40702810138250123017") {
		t.Error("a bank's rule is taken for the Bank of Russia's")
	}
}

func TestOKVEDIsCompleteAndOfAClassThatExists(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"62.01": "", "62.01.1": "", "01.11": "", "99.00": "", "47.11.12": "",
		"62": "okved_incomplete", "62.0": "okved_incomplete", "": "invalid",
		"04.11": "invalid", "34.10": "invalid", "62.0.1": "invalid", "62.01.1.1": "invalid", "62,01": "invalid", "6201": "invalid", "62.011": "invalid", "x2.01": "invalid", "62.": "invalid",
	} {
		if got := okvedFault(code); got != want || ValidOKVED(code) != (want == "") {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
	for s, good := range map[string]bool{"45382000": true, "45382000000": true, "4538200": false} {
		if ValidOKTMO(s) != good {
			t.Errorf("ОКТМО %s", s)
		}
	}
	if !ValidTaxOffice("7801") || ValidTaxOffice("0001") || ValidTaxOffice("780") {
		t.Error("tax office")
	}
	if LegalFormName("12300") != "Общество с ограниченной ответственностью" || LegalFormName("99999") != "" || len(LegalForms(KindSole)) != 2 {
		t.Error("legal forms")
	}
}

// faultsOf are the faults that CheckBlock finds.
func faultsOf(kind string, b Block) string {
	err := CheckBlock(kind, b)
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), "directory: fields: ")
}

func TestBlocksAreChecked(t *testing.T) {
	t.Parallel()
	head := OrganisationHead{LastName: "Лебедева", FirstName: "Ирина", Position: "Директор"}
	good := Requisites{INN: "7801234564", KPP: "780101001", OGRN: "1027800123450", Name: "ООО «Маяк»", FullName: "ООО «Маяк»", Address: "Москва", Head: head}
	with := func(change func(r *Requisites)) *Requisites { r := good; change(&r); return &r }
	account := BankAccount{Account: "40702810138250123017", BIC: "044525225", Main: true}
	for name, test := range map[string]struct {
		kind string
		b    Block
		want string
	}{
		"requisites":            {KindLegal, with(func(*Requisites) {}), ""},
		"nothing":               {KindLegal, &Requisites{}, "inn: required, ogrn: required, kpp: required, name: required, full_name: required, address: required, head/last_name: required, head/first_name: required, head/position: required"},
		"ИНН of a person":       {KindLegal, with(func(r *Requisites) { r.INN = "780400112238" }), "inn: number_length"},
		"КПП of a proprietor":   {KindSole, with(func(r *Requisites) { r.INN, r.OGRN = "780400112238", "317784700123454" }), "kpp: not_allowed"},
		"letters in КПП":        {KindLegal, with(func(r *Requisites) { r.KPP = "7801ъ001" }), "kpp: invalid"},
		"form of another kind":  {KindLegal, with(func(r *Requisites) { r.LegalForm = "50102" }), "legal_form: not_allowed"},
		"form":                  {KindLegal, with(func(r *Requisites) { r.LegalForm, r.OwnershipForm = "ООО", "1" }), "legal_form: invalid, ownership_form: invalid"},
		"a name with a link":    {KindLegal, with(func(r *Requisites) { r.Head.LastName = "http://x" }), "head/last_name: invalid"},
		"contacts":              {KindLegal, &Contacts{Phone: "8 (812) 000-11-01", Email: "Office@Mayak.example", Website: "https://mayak.example"}, ""},
		"no contacts":           {KindLegal, &Contacts{}, "phone: required, email: required"},
		"no region":             {KindLegal, &Contacts{Phone: "000-11-01", Email: "a@b.example"}, "phone: phone_region"},
		"extra characters":      {KindLegal, &Contacts{Phone: "+7 812 000-11-01 доб. 2", Email: "a@b.example"}, "phone: phone_characters"},
		"website":               {KindLegal, &Contacts{Phone: "+78120001101", Email: "a@b.example", Website: "javascript:alert(1)"}, "website: invalid"},
		"accounts":              {KindLegal, &Bank{Accounts: []BankAccount{account}}, ""},
		"two main accounts":     {KindLegal, &Bank{Accounts: []BankAccount{account, {Account: "40702810000000011692", BIC: "044525823", Main: true}}}, "accounts: one_main"},
		"an account twice":      {KindLegal, &Bank{Accounts: []BankAccount{account, {Account: account.Account, BIC: account.BIC}}}, "accounts/1/account: duplicate"},
		"account and БИК":       {KindLegal, &Bank{Accounts: []BankAccount{{Account: "40702810138250123018", BIC: "044525225", CorrespondentAccount: "30101810400000000226", Main: true}}}, "accounts/0/account: account_bic, accounts/0/correspondent_account: account_bic"},
		"no numbers":            {KindLegal, &Bank{Accounts: []BankAccount{{Account: "4070281", BIC: "94452522", Main: true}}}, "accounts/0/bic: number_length, accounts/0/account: number_length"},
		"activities":            {KindLegal, &Activities{Main: "62.01", Additional: []string{"62.02"}}, ""},
		"activities twice":      {KindLegal, &Activities{Main: "62.01", Additional: []string{"62.01", "62"}}, "additional/0: duplicate, additional/1: okved_incomplete"},
		"taxes":                 {KindSole, &Taxes{TaxOffice: "7801", OKTMO: "45382000", Regimes: []TaxRegime{{"PSN", "2026-01-01", "2026-06-30"}, {"USN_INCOME", "2025-01-01", ""}}, Reports: []string{"NO_USN"}}, ""},
		"two regimes at a time": {KindLegal, &Taxes{Regimes: []TaxRegime{{"OSNO", "2025-01-01", ""}, {"USN_INCOME", "2026-01-01", ""}}}, "regimes/1/since: regimes_overlap"},
		"a patent of a company": {KindLegal, &Taxes{Regimes: []TaxRegime{{"PSN", "2026-01-01", ""}}}, "regimes/0/code: not_allowed"},
		"an end before":         {KindLegal, &Taxes{Regimes: []TaxRegime{{"OSNO", "2026-01-01", "2025-01-01"}, {"X", "soon", ""}}}, "regimes/0/until: invalid, regimes/1/code: invalid, regimes/1/since: invalid"},
		"reports":               {KindLegal, &Taxes{Reports: []string{"NO_NDS", "NO_NDS", "nds"}}, "reports/1: invalid, reports/2: invalid"},
		"payments":              {KindLegal, &Payments{Methods: []PaymentMethod{{Kind: "account", Account: account.Account, BIC: account.BIC, Default: true}, {Kind: "card", Card: "220012******1234", Expires: "2028-04"}}}, ""},
		"a full card":           {KindLegal, &Payments{Methods: []PaymentMethod{{Kind: "card", Card: "2200123412341234", Expires: "04/28", Default: true}}}, "methods/0/card: card_full, methods/0/expires: invalid"},
		"mixed methods":         {KindLegal, &Payments{Methods: []PaymentMethod{{Kind: "account", Account: account.Account, BIC: account.BIC, Card: "x"}, {Kind: "card", Account: "1", Card: "", Expires: "2028-04", Default: true}, {Kind: "cash"}}}, "methods/0/card: not_allowed, methods/1/account: not_allowed, methods/2/kind: invalid"},
		"account of a method":   {KindLegal, &Payments{Methods: []PaymentMethod{{Kind: "account", Account: "40702810138250123018", BIC: "044525225", Default: true}}}, "methods/0/account: account_bic"},
		"too many accounts":     {KindLegal, &Bank{Accounts: make([]BankAccount, 21)}, "accounts: too_many"},
		"too many activities":   {KindLegal, &Activities{Main: "62.01", Additional: make([]string, 101)}, "additional: too_many"},
		"too many regimes":      {KindLegal, &Taxes{Regimes: make([]TaxRegime, 21)}, "regimes: too_many"},
		"too many reports":      {KindLegal, &Taxes{Reports: make([]string, 101)}, "reports: too_many"},
		"too many methods":      {KindLegal, &Payments{Methods: make([]PaymentMethod, 21)}, "methods: too_many"},
	} {
		if got := faultsOf(test.kind, test.b); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestDecodedBlockIsWhatWasEncoded(t *testing.T) {
	t.Parallel()
	for _, name := range BlockNames() {
		b, err := DecodeBlock(name, EncodeBlock(NewBlock(name)))
		if err != nil || b.BlockName() != name || EncodeBlock(b) != EncodeBlock(NewBlock(name)) || strings.Contains(EncodeBlock(b), "null") {
			t.Errorf("%s: %v %s", name, err, EncodeBlock(b))
		}
		if _, err := DecodeBlock(name, "["); err == nil {
			t.Errorf("%s is read from nothing", name)
		}
	}
	if BlockName("passwords").Valid() {
		t.Error("a block of no name is valid")
	}
	defer func() {
		if recover() == nil {
			t.Error("a block was made of no name")
		}
	}()
	NewBlock("passwords")
}

func TestRegimeHoldsFromItsFirstToItsLastDay(t *testing.T) {
	t.Parallel()
	r := TaxRegime{Code: "OSNO", Since: "2026-01-01", Until: "2026-12-31"}
	for day, want := range map[string]bool{"2025-12-31": false, "2026-01-01": true, "2026-12-31": true, "2027-01-01": false} {
		at, _ := time.Parse(time.DateOnly, day)
		if r.Holds(at) != want {
			t.Errorf("%s: %v", day, !want)
		}
	}
}

func TestProfileOverlaysTheOrganisationsOwnRecord(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, err := w.Profile(w.ctx, w.org.ID)
		w.must(err)
		if r := p.Requisites(); r.INN != w.org.INN || r.Name != w.org.Name || p.States[BlockRequisites].Version != 0 {
			t.Errorf("requisites %+v", r)
		}
		if len(p.Bank().Accounts)+len(p.Taxes().Regimes)+len(p.Payments().Methods)+len(p.Activities().Additional) != 0 || p.Contacts().Email != "" {
			t.Errorf("profile %+v", p)
		}
		if _, err := w.Profile(w.ctx, storage.NewID()); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
		if _, err := w.OrganisationContacts(w.ctx, storage.NewID()); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestChangedBlockIsKeptInVersionsAndJournalledMasked(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		before, err := w.Profile(w.ctx, w.org.ID)
		w.must(err)
		mark := w.mark()
		first := before.Contacts()
		change := BlockChange{Block: &Contacts{Phone: "+7 812 000-11-01", Email: "Office@Mayak.example"}, Before: &first, How: HowCode}
		state, err := w.ChangeBlock(w.ctx, w.by(Head), w.org.ID, change)
		w.must(err)
		if state.Version != 1 || state.How != HowCode || state.ChangedBy != w.members[Head].PersonID {
			t.Errorf("state %+v", state)
		}
		now, err := w.OrganisationContacts(w.ctx, w.org.ID)
		w.must(err)
		if now.Phone != "+78120001101" || now.Email != "office@mayak.example" {
			t.Errorf("contacts %+v", now)
		}
		e := w.lastEntry(w.org.ID)
		if e.Action != "organisation.updated" || e.Details["phone"] != "— → •••1101" || e.Details["email"] != "— → o•••@mayak.example" || e.Details["how"] != HowCode {
			t.Errorf("journal %+v", e)
		}
		if len(w.messages(mark)) != 1 { // to the administrator: there was no mailbox before
			t.Errorf("messages %v", w.messages(mark))
		}
		// The same once more does nothing; from a state that is gone it is stale.
		again, err := w.ChangeBlock(w.ctx, w.by(Head), w.org.ID, BlockChange{Block: &now, How: HowCode})
		if w.must(err); again.Version != 1 {
			t.Errorf("again %+v", again)
		}
		if _, err := w.ChangeBlock(w.ctx, w.by(Head), w.org.ID, change); !errors.Is(err, ErrStale) {
			t.Errorf("stale: %v", err)
		}
		if _, err := w.ChangeBlock(w.ctx, w.by(Observer), w.org.ID, BlockChange{Block: &Bank{}, How: HowCode}); !errors.Is(err, ErrForbidden) {
			t.Errorf("an observer: %v", err)
		}
		// What changed past the profile becomes a version of its own.
		phone := "+78120002202"
		_, err = w.UpdateOrganisation(w.ctx, w.by(Head), w.org.ID, OrganisationPatch{Phone: &phone})
		w.must(err)
		_, err = w.ChangeBlock(w.ctx, System(), w.org.ID, BlockChange{Block: &Contacts{Phone: "+78120003303", Email: "c@mayak.example"}, How: HowModeration, By: "somebody"})
		w.must(err)
		versions, err := w.BlockVersions(w.ctx, w.org.ID, BlockContacts, 0, 10)
		w.must(err)
		var trace []string
		for _, v := range versions {
			trace = append(trace, fmt.Sprint(v.Version, " ", v.How, " ", v.Block.(*Contacts).Phone))
		}
		if got := strings.Join(trace, ", "); got != "3 moderation +78120003303, 2 direct +78120002202, 1 code +78120001101" {
			t.Errorf("versions %s", got)
		}
		if versions[0].ChangedBy != "somebody" {
			t.Errorf("changed by %s", versions[0].ChangedBy)
		}
		if page, err := w.BlockVersions(w.ctx, w.org.ID, BlockContacts, 3, 1); err != nil || len(page) != 1 || page[0].Version != 2 {
			t.Errorf("page %v %v", page, err)
		}
		if _, err := w.BlockVersion(w.ctx, w.org.ID, BlockContacts, 9); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestMovedNumbersKillTheTokensThatCarryThem(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		other, _ := w.organisation(w.person("other").ID)
		p, err := w.Profile(w.ctx, w.org.ID)
		w.must(err)
		version := w.members[Accountant].Version
		r := p.Requisites()
		r.Address, r.Head = "Москва", OrganisationHead{LastName: "Лебедева", FirstName: "Ирина", Position: "Директор"}
		_, err = w.ChangeBlock(w.ctx, System(), w.org.ID, BlockChange{Block: &r, How: HowRegistry})
		w.must(err)
		if m, err := w.MemberByID(w.ctx, w.org.ID, w.members[Accountant].ID); err != nil || m.Member.Version != version {
			t.Errorf("a new address raised the version: %v %v", m.Member.Version, err)
		}
		taken := r
		taken.INN, taken.OGRN = other.INN, other.OGRN
		_, err = w.ChangeBlock(w.ctx, System(), w.org.ID, BlockChange{Block: &taken, How: HowRegistry})
		if got := fmt.Sprint(err); got != "directory: fields: inn: taken, ogrn: taken" {
			t.Errorf("taken: %s", got)
		}
		r.INN = someINN(serial.Add(1))
		_, err = w.ChangeBlock(w.ctx, System(), w.org.ID, BlockChange{Block: &r, How: HowRegistry})
		w.must(err)
		if m, err := w.MemberByID(w.ctx, w.org.ID, w.members[Accountant].ID); err != nil || m.Member.Version != version+1 {
			t.Errorf("a new ИНН did not raise the version: %v %v", m.Member.Version, err)
		}
	})
}

func TestHistoryIsGivenByTheHouseOnly(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		bank := &Bank{Accounts: []BankAccount{{Account: "40702810138250123017", BIC: "044525225", Main: true}}}
		taxes := &Taxes{Regimes: []TaxRegime{{"OSNO", "2020-01-01", ""}}, Reports: []string{}}
		if err := w.SetHistory(w.ctx, w.by(Administrator), w.org.ID, "", HowSystem, bank); !errors.Is(err, ErrForbidden) {
			t.Error(err)
		}
		w.must(w.SetHistory(w.ctx, System(), w.org.ID, "somebody", HowSystem, bank, taxes))
		w.must(w.SetHistory(w.ctx, System(), w.org.ID, "somebody", HowSystem, &Bank{Accounts: []BankAccount{}}))
		if accounts, err := w.BankAccounts(w.ctx, w.org.ID); err != nil || len(accounts) != 0 {
			t.Errorf("%v %v", accounts, err)
		}
		if regimes, err := w.TaxRegimes(w.ctx, w.org.ID); err != nil || len(regimes) != 1 || regimes[0].Code != "OSNO" {
			t.Errorf("%v %v", regimes, err)
		}
		if err := w.SetHistory(w.ctx, System(), w.org.ID, "", HowSystem, &Contacts{}); err == nil {
			t.Error("contacts of nothing were stored")
		}
	})
}

func TestManyChangedFieldsAreNamedUpToABound(t *testing.T) {
	t.Parallel()
	was, is := &Bank{}, &Bank{}
	for i := range 10 {
		is.Accounts = append(is.Accounts, BankAccount{Account: fmt.Sprint(i), BIC: "044525225"})
	}
	got := maskedDifferences(was, is)
	if len(got) != maxDifferences+1 || got["more_fields"] == "" {
		t.Errorf("%d details: %v", len(got), got)
	}
	for field, want := range map[[2]string]string{
		{"head/last_name", "Лебедева"}: "Л.", {"inn", "780400112238"}: "•••2238", {"inn", "7801234564"}: "7801234564",
		{"email", "office@a.example"}: "o•••@a.example", {"accounts/0/account", "40702810138250123017"}: "•••3017", {"name", ""}: "—",
	} {
		if got := MaskField(field[0], field[1]); got != want {
			t.Errorf("%v: %s, want %s", field, got, want)
		}
	}
}

func TestInvitedPersonIsBoundOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("invited")
		i, err := w.Invite(w.ctx, System(), w.org.ID, Invitation{LastName: "Иванова", FirstName: "Мария", Email: p.Email, Role: Accountant})
		w.must(err)
		found, err := w.PendingInvitation(w.ctx, w.org.ID, p)
		if w.must(err); found.ID != i.ID {
			t.Errorf("found %+v", found)
		}
		unproved := p
		unproved.EmailVerified = false
		if _, err := w.PendingInvitation(w.ctx, w.org.ID, unproved); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
		n := NewMember{OrganisationID: w.org.ID, PersonID: p.ID, Role: Accountant}
		if _, err := w.Bind(w.ctx, w.by(Administrator), n, i.ID); !errors.Is(err, ErrForbidden) {
			t.Error(err)
		}
		if _, err := w.Bind(w.ctx, System(), n, i.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Bind(w.ctx, System(), n, ""); !errors.Is(err, storage.ErrExists) {
			t.Error(err)
		}
		n.PersonID = w.person("second").ID
		if _, err := w.Bind(context.Background(), System(), n, i.ID); !errors.Is(err, storage.ErrUsed) {
			t.Errorf("a spent invitation: %v", err)
		}
		list, err := w.Administrators(w.ctx, w.org.ID)
		if w.must(err); len(list) != 1 || list[0].ID != w.members[Administrator].PersonID {
			t.Errorf("administrators %v", list)
		}
	})
}

func TestRegisteredOrganisationHasItsApplicantAsAdministrator(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("head")
		n := serial.Add(1)
		o, m, err := w.RegisterOrganisation(w.ctx, Actor{PersonID: p.ID}, NewOrganisation{
			Kind: KindLegal, INN: someINN(n), KPP: "770101001", OGRN: someOGRN(n), Name: "ООО «Маяк»",
		}, p.ID, "Генеральный директор")
		w.must(err)
		if m.Role != Administrator || m.Position != "Генеральный директор" || w.lastEntry(o.ID).Actor != p.ID {
			t.Errorf("member %+v, entry %+v", m, w.lastEntry(o.ID))
		}
		_, _, err = w.RegisterOrganisation(w.ctx, Actor{}, NewOrganisation{Kind: "club"}, p.ID, strings.Repeat("x", 101))
		if got := fmt.Sprint(err); !strings.Contains(got, "kind: invalid") || !strings.Contains(got, "position: too_long") {
			t.Error(got)
		}
	})
}

package tender

import (
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// The API's answers, as far as the pages show them (docs/cabinet/tenders.md).
type (
	code struct {
		Code string `json:"code"`
		Name string `json:"name"`
	}
	announcement struct {
		ID         string `json:"id"`
		Number     string `json:"number"`
		Object     string `json:"object"`
		State      string `json:"state"`
		StateLabel string `json:"state_label"`
		Customer   struct {
			INN  string `json:"inn"`
			Name string `json:"name"`
		} `json:"customer"`
		Sector      code       `json:"sector"`
		Region      string     `json:"region"`
		Price       int64      `json:"price"`
		PublishedAt *time.Time `json:"published_at"`
		DeadlineAt  *time.Time `json:"deadline_at"`
		Applied     string     `json:"application_id"`

		Revision            int64    `json:"revision"`
		Change              string   `json:"change"`
		Method              code     `json:"method"`
		Sectors             []code   `json:"sectors"`
		ReviewOn            string   `json:"review_on"`
		ApplicationSecurity int64    `json:"application_security"`
		ContractSecurity    int64    `json:"contract_security"`
		SmallOnly           bool     `json:"small_only"`
		Term                string   `json:"term"`
		Place               string   `json:"place"`
		Requirements        []string `json:"requirements"`
		Documents           []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
			Size int64  `json:"size"`
		} `json:"documents"`
		Protocols []struct {
			Number string     `json:"number"`
			Kind   string     `json:"kind"`
			At     *time.Time `json:"at"`
			Text   string     `json:"text"`
		} `json:"protocols"`
		Applications []participation `json:"applications"`
		Actions      desk.Actions    `json:"actions"`
	}
	participation struct {
		ID           string     `json:"id"`
		TenderID     string     `json:"tender_id"`
		TenderNumber string     `json:"tender_number"`
		Object       string     `json:"object"`
		Customer     string     `json:"customer"`
		State        string     `json:"state"`
		StateLabel   string     `json:"state_label"`
		Over         bool       `json:"over"`
		Number       string     `json:"number"`
		StartPrice   int64      `json:"start_price"`
		Offer        int64      `json:"offer"`
		Place        int64      `json:"place"`
		Comment      string     `json:"comment"`
		Trouble      string     `json:"trouble"`
		Origin       string     `json:"origin"`
		CreatedAt    *time.Time `json:"created_at"`
		SubmittedAt  *time.Time `json:"submitted_at"`
		DecidedAt    *time.Time `json:"decided_at"`
	}
	contact struct {
		Name  string `json:"name"`
		Phone string `json:"phone"`
		Email string `json:"email"`
	}
	account struct {
		Number string `json:"number"`
		BIK    string `json:"bik"`
		Bank   string `json:"bank"`
	}
	form struct {
		Price          int64   `json:"price"`
		Consent        bool    `json:"consent"`
		Country        string  `json:"country"`
		Security       string  `json:"security"`
		SecurityNumber string  `json:"security_number"`
		Small          bool    `json:"small"`
		Contact        contact `json:"contact"`
		Account        account `json:"account"`
	}
	answered struct {
		form
		Proposal string `json:"proposal"`
	}
	applicant struct {
		INN      string `json:"inn"`
		KPP      string `json:"kpp"`
		OGRN     string `json:"ogrn"`
		Name     string `json:"name"`
		FullName string `json:"full_name"`
		Address  string `json:"address"`
		Activity string `json:"activity"`
	}
	signedFile struct {
		Name   string `json:"name"`
		Size   int64  `json:"size"`
		SHA256 string `json:"sha256"`
	}
	whole struct {
		participation
		Revision   int64      `json:"revision"`
		DeadlineAt *time.Time `json:"deadline_at"`
		Form       answered   `json:"form"`
		Applicant  applicant  `json:"applicant"`
		Files      []struct {
			DocumentID string `json:"document_id"`
			Name       string `json:"name"`
			Size       int64  `json:"size"`
			Href       string `json:"href"`
		} `json:"files"`
		Document  signedFile `json:"document"`
		Signature *struct {
			Signer string     `json:"signer"`
			At     *time.Time `json:"at"`
		} `json:"signature"`
		Replaces string    `json:"replaces_id"`
		Next     string    `json:"next_id"`
		Findings []finding `json:"findings"`
		Events   []struct {
			Event      string     `json:"event"`
			State      string     `json:"state"`
			StateLabel string     `json:"state_label"`
			Who        string     `json:"who"`
			Text       string     `json:"text"`
			At         *time.Time `json:"at"`
		} `json:"events"`
		Actions desk.Actions `json:"actions"`
	}
	finding struct {
		Code     string `json:"code"`
		Severity string `json:"severity"`
		Title    string `json:"title"`
		Advice   string `json:"advice"`
	}
)

func (a announcement) path() string  { return all + "/notices/" + a.ID }
func (p participation) path() string { return mine + "/" + p.ID }

// Path is where the page of an application is.
func (p participation) Path() string { return p.path() }

var stateKinds = map[string]string{
	"open": "go", "review": "wait", "draft": "", "signed": "info", "sent": "info", "registered": "info", "admitted": "info", "withdrawing": "wait",
	"won": "go", "lost": "stop", "rejected": "stop", "refused": "stop", "failed": "stop",
}

// Tag is the state in a word.
func (p participation) Tag() pages.Tag {
	return pages.Tag{Kind: stateKinds[p.State], Text: p.StateLabel}
}

// Tag is the state in a word.
func (a announcement) Tag() pages.Tag {
	return pages.Tag{Kind: stateKinds[a.State], Text: a.StateLabel}
}

// Sum writes the initial price as people do.
func (a announcement) Sum() string { return money(a.Price) }

// Sum writes the offer, Start the initial price.
func (p participation) Sum() string   { return money(p.Offer) }
func (p participation) Start() string { return money(p.StartPrice) }

// money writes kopecks as people do: "1 234 567,50 ₽"; "" for nothing.
func money(kopecks int64) string {
	if kopecks == 0 {
		return ""
	}
	whole, rest := kopecks/100, kopecks%100
	text := grouped(whole)
	if rest != 0 {
		text += "," + strconv.FormatInt(100+rest, 10)[1:]
	}
	return text + "\u00a0₽"
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "\u00a0" + text[at:]
	}
	return text
}

// kopecks reads a sum as people write it: "1 234 567,5". An empty one is 0.
func kopecks(text string) (int64, bool) {
	text = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "₽", "", ",", ".").Replace(text)
	if text == "" {
		return 0, true
	}
	whole, rest, _ := strings.Cut(text, ".")
	if len(rest) > 2 || whole == "" || strings.ContainsFunc(whole+rest, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+(rest + "00")[:2], 10, 64)
	return n, err == nil
}

// typed writes kopecks as a field holds them.
func typed(kopecks int64) string {
	if kopecks == 0 {
		return ""
	}
	return strings.ReplaceAll(strings.TrimSuffix(money(kopecks), "\u00a0₽"), "\u00a0", " ")
}

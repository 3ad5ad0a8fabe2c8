package pages

// Shell is the frame of the cabinet: who acts for whom, and where one can go.
type Shell struct {
	Kind         string // "" = the cabinet; "console" = the operators' console, which has a head of its own colour
	Organisation Strip
	PersonName   string
	HomeURL      string
	SignOutURL   string // POST
	HelpURL      string // "" = /help
	Nav          []NavItem

	OrganisationID string // tells a switch in one tab to the others
	SearchURL      string // GET with `q`; "" = no search
	Query          string // what was searched for
	Bell           *Bell  // nil = no notices
	LookURL        string // POST with `look`, see Look; "" = no switch of the looks
}

// Bell leads to the notices and counts the unread ones.
type Bell struct {
	URL    string
	Count  int
	Stream string // server-sent events, one for each notice; "" = the count does not move
}

// Strip is the organisation one acts for, always in sight.
type Strip struct {
	Name, Sub string
	SwitchURL string // "" = nothing to switch to
}

// NavItem is one place of the side list.
type NavItem struct {
	Title   string // catalogue key or text
	URL     string
	Current bool
	Break   bool // a line above
	Count   int  // shown as a tag when above 0
	Urgent  bool // the tag is red rather than amber
}

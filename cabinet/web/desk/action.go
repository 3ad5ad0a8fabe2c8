package desk

import "propusk/idp/pages"

// Action is what the API says about one act with a thing ("actions" in its
// answers): whether the visitor may do it, and where not, what is missing and who of
// the organisation can give it.
type Action struct {
	Action     string      `json:"action"`
	Allowed    bool        `json:"allowed"`
	Reason     string      `json:"reason"`
	Detail     string      `json:"detail"`
	Permission string      `json:"permission"`
	Scope      string      `json:"scope"`
	ACR        string      `json:"acr"`
	Ask        []Colleague `json:"ask"`
}

// Colleague is a member who can grant what is missing.
type Colleague struct {
	MemberID string `json:"member_id"`
	Name     string `json:"name"`
	Role     string `json:"role"`
}

// Actions are all that the API says about one thing.
type Actions []Action

// Find is the action of a name; nil when the API does not speak of it.
func (a Actions) Find(name string) *Action {
	for i := range a {
		if a[i].Action == name {
			return &a[i]
		}
	}
	return nil
}

// Allowed reports whether an act may be done now.
func (a Actions) Allowed(name string) bool {
	found := a.Find(name)
	return found != nil && found.Allowed
}

// Offer is how a page draws one action of the API.
type Offer struct {
	Action string    // its name in the API
	Act    pages.Act // the button when it may be done; its Title also when not
	Main   bool      // the page's one main button
	Hide   bool      // leave it out when the thing's state forbids it; a missing right is told always
}

// Offers draws what may be done with a thing, in the order of offers: buttons for
// what may be; for what may not, why, whose right it is and a button that asks them.
// A stronger sign-in is no obstacle: the button is there, and the desk brings the
// person through it. The component "offers" draws them.
func (v *Visit) Offers(actions Actions, offers ...Offer) []pages.Offer {
	var out []pages.Offer
	for _, offer := range offers {
		action := actions.Find(offer.Action)
		if action == nil {
			continue
		}
		drawn := pages.Offer{Act: offer.Act, Main: offer.Main}
		if !action.Allowed && action.Reason != "assurance_insufficient" {
			if offer.Hide && action.Permission == "" {
				continue
			}
			drawn.Lack = v.lack(action)
		}
		out = append(out, drawn)
	}
	return out
}

// lack says why an act may not be done, and who can help.
func (v *Visit) lack(action *Action) *pages.Lack {
	lack := &pages.Lack{Text: action.Detail}
	if action.Permission == "" {
		return lack
	}
	if key := "scope." + action.Permission; v.d.pages.Knows(key) {
		lack.Text = v.t("desk.lack.right", "Right", v.t(key))
	}
	for _, one := range action.Ask {
		lack.People = append(lack.People, one.Name)
	}
	if len(action.Ask) > 0 {
		lack.Ask = &pages.Act{
			Title: "desk.lack.ask", URL: v.d.deps.House.at("/ask"), Post: true,
			Fields: []pages.Hidden{{Name: "permission", Value: action.Permission}},
		}
	}
	return lack
}

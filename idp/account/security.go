package account

import (
	"fmt"
	"net/http"

	"propusk/idp/directory"
	"propusk/idp/factor/passkey"
	"propusk/idp/pages"
)

type securityView struct {
	frame
	Password []pages.Held
	Second   []pages.Held // authenticator, SMS, e-mail
	Passkeys []pages.Held
	Codes    []pages.Held
	Offered  bool // passkeys can be added in this house
}

// security shows what the person can prove who he is by, and leads to changing it.
func (s *Server) security(v *visit) error {
	held, err := s.held(v.ctx(), v.Person)
	if err != nil {
		return err
	}
	left, err := s.deps.RecoveryCodes.Left(v.ctx(), v.Person.ID)
	if err != nil {
		return fmt.Errorf("count recovery codes: %w", err)
	}
	view := securityView{
		frame: frame{v.notice()}, Offered: s.deps.Passkeys.Available(),
		Password: []pages.Held{heldPassword(held)}, Codes: []pages.Held{heldCodes(left)},
		Second: []pages.Held{heldAuthenticator(held), v.heldContact(directory.ChannelSMS), v.heldContact(directory.ChannelEmail)},
	}
	keys, err := s.deps.Passkeys.List(v.ctx(), v.Person.ID)
	if err != nil {
		return fmt.Errorf("list passkeys: %w", err)
	}
	for _, key := range keys {
		view.Passkeys = append(view.Passkeys, v.heldPasskey(key))
	}
	return v.page(http.StatusOK, "account_security.html", "account.place.security", view)
}

func heldPassword(h held) pages.Held {
	if h.passwordAt == 0 {
		return pages.Held{
			Icon: "pin", Title: "account.password", Tags: []pages.Tag{{Text: "account.unset"}},
			Acts: []pages.Act{{Title: "account.password.set", URL: "/account/password"}},
		}
	}
	return pages.Held{
		Icon: "pin", Title: "account.password", Facts: []pages.Fact{{Label: "account.password.changed", At: h.passwordAt.Time()}},
		Acts: []pages.Act{{Title: "account.password.change", URL: "/account/password"}},
	}
}

func heldAuthenticator(h held) pages.Held {
	line := pages.Held{Icon: "app", Title: "account.totp", Text: "account.totp.text"}
	if !h.totp {
		line.Tags = []pages.Tag{{Text: "account.unset"}}
		line.Acts = []pages.Act{{Title: "account.totp.connect", URL: "/account/authenticator"}}
		return line
	}
	line.Tags = []pages.Tag{{Kind: "go", Text: "account.connected"}}
	line.Acts = []pages.Act{{Title: "account.totp.replace", URL: "/account/authenticator"}}
	if h.seconds() {
		line.Acts = append(line.Acts, pages.Act{
			Title: "account.totp.remove", URL: "/account/authenticator/remove", Post: true, Stop: true, Ask: "account.totp.remove.ask",
		})
	}
	return line
}

// heldContact is a contact as a second factor; it is changed among the contacts.
func (v *visit) heldContact(channel string) pages.Held {
	value, verified := v.Person.Contact(channel)
	line := pages.Held{
		Icon: map[string]string{directory.ChannelSMS: "phone", directory.ChannelEmail: "letter"}[channel], Title: "account.code." + channel,
		Acts: []pages.Act{{Title: "account.contacts.open", URL: "/account/contacts", About: v.t("account.code." + channel)}},
	}
	switch {
	case value == "":
		line.Tags = []pages.Tag{{Text: "account.unset"}}
	case !verified:
		line.Tags = []pages.Tag{{Kind: "wait", Text: "account.unverified"}}
	default:
		line.Tags = []pages.Tag{{Kind: "go", Text: "account.connected"}}
	}
	if value != "" {
		line.Facts = []pages.Fact{{Text: pages.Phone(value)}}
	}
	return line
}

func (v *visit) heldPasskey(key passkey.Credential) pages.Held {
	line := pages.Held{
		Icon: "passkey", Title: key.Name,
		Facts: []pages.Fact{{Label: "account.added", At: key.CreatedAt.Time()}},
		Acts: []pages.Act{
			{Title: "account.passkey.rename", URL: "/account/passkeys/" + key.ID, About: key.Name},
			{
				Title: "account.remove", URL: "/account/passkeys/" + key.ID + "/remove", Post: true, Stop: true,
				Ask: "account.passkey.remove.ask", About: key.Name,
			},
		},
	}
	if key.LockedAt != 0 {
		line.Tags, line.Text = []pages.Tag{{Kind: "stop", Text: "account.passkey.locked"}}, "account.passkey.locked.text"
	}
	if key.UsedAt != 0 {
		line.Facts = append(line.Facts, pages.Fact{Label: "account.used", At: key.UsedAt.Time()})
	}
	return line
}

func heldCodes(left int) pages.Held {
	line := pages.Held{
		Icon: "code", Title: "account.recovery", Text: "account.recovery.text",
		Acts: []pages.Act{{Title: "account.recovery.make", URL: "/account/recovery-codes"}},
	}
	switch {
	case left == 0:
		line.Tags = []pages.Tag{{Text: "account.unset"}}
	case left <= few:
		line.Tags = []pages.Tag{{Kind: "wait", Text: "account.recovery.few"}}
		line.Facts = []pages.Fact{{Label: "account.recovery.left", Text: fmt.Sprint(left)}}
	default:
		line.Tags = []pages.Tag{{Kind: "go", Text: "account.ready"}}
		line.Facts = []pages.Fact{{Label: "account.recovery.left", Text: fmt.Sprint(left)}}
	}
	return line
}

// few recovery codes are time for new ones.
const few = 3

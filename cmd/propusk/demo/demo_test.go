package demo

import (
	"strings"
	"testing"

	"propusk/idp/directory"
)

func TestNumbersHaveValidCheckDigits(t *testing.T) {
	t.Parallel()
	for _, p := range people {
		if p.inn != "" && !directory.ValidPersonalINN(p.inn) {
			t.Errorf("%s: ИНН %s", p.key, p.inn)
		}
		if p.snils != "" && !directory.ValidSNILS(p.snils) {
			t.Errorf("%s: СНИЛС %s", p.key, p.snils)
		}
		if !strings.HasSuffix(p.email, ".example") {
			t.Errorf("%s: the mailbox %s could be somebody's", p.key, p.email)
		}
	}
	for _, o := range organisations {
		legal := o.is.Kind == directory.KindLegal
		if legal && !(directory.ValidLegalINN(o.is.INN) && directory.ValidOGRN(o.is.OGRN) && directory.ValidKPP(o.is.KPP)) {
			t.Errorf("%s: %+v", o.key, o.is)
		}
		if !legal && !(directory.ValidPersonalINN(o.is.INN) && directory.ValidOGRNIP(o.is.OGRN)) {
			t.Errorf("%s: %+v", o.key, o.is)
		}
	}
}

func TestShellQuotesEverything(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"code=abc": `'code=abc'`, "a'b": `'a'\''b'`, "$(rm -rf /)": `'$(rm -rf /)'`, "": `''`,
	} {
		if got := shell(in); got != want {
			t.Errorf("shell(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestMessagesLinkOnlyToThisNode(t *testing.T) {
	t.Parallel()
	d := &Demo{deps: Deps{Issuer: "http://localhost:8080"}}
	got := d.parts("Откройте http://localhost:8080/invitations/abc и http://evil.example/x сегодня")
	want := []part{{"Откройте ", ""}, {"http://localhost:8080/invitations/abc", "/invitations/abc"}, {" и http://evil.example/x сегодня", ""}}
	if len(got) != len(want) {
		t.Fatalf("got %q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("part %d is %q, want %q", i, got[i], want[i])
		}
	}
}

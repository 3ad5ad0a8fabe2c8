package account

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/idp/session"
	"propusk/signature"
	"propusk/signature/signaturetest"
)

// subjectOf are certificates' owners with the numbers of elena and of somebody else.
var (
	elenasSubject = signature.Subject{CommonName: "Морозова Елена", LastName: "Морозова", GivenNames: "Елена Сергеевна", SNILS: "11223344595"}
	othersSubject = signature.Subject{CommonName: "Чужой Человек", LastName: "Чужой", GivenNames: "Человек", SNILS: "08765430300"}
)

// bindWith signs the challenge of the page at path and sends it.
func (v *visitor) bindWith(path string, h signaturetest.Holder) *answer {
	v.w.t.Helper()
	page := v.get(path).is(200)
	id := page.value("challenge")
	text := v.post("/account/certificates/challenge", "challenge", id).is(200).body
	return v.upload(path, []string{"challenge", id}, map[string][]byte{"signature": h.Sign(v.w.t, []byte(text))})
}

// bind gives the person of the browser a certificate, and names it.
func (w *world) bind(v *visitor) string {
	w.t.Helper()
	owner := signature.Subject{CommonName: "Владелец", LastName: "Владелец", GivenNames: "Пётр", SNILS: "08765430300"}
	if v.session.PersonID == w.elena.ID {
		owner = elenasSubject
	}
	v.bindWith("/account/certificates/new", w.authority.Issue(w.t, owner)).leads("/account/certificates?done=certificate")
	list, err := w.Server.deps.Certificates.List(w.ctx, v.session.PersonID)
	w.must(err)
	return list[0].ID
}

func TestCertificateIsBoundByATestSignatureReplacedAndUnbound(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.signedIn(w.elena)
		v.get("/account/certificates").is(200).says("Сертификатов пока нет")
		id := w.bind(v)
		v.get("/account/certificates").says("Морозова Елена", "Активен", "Тестовый УЦ", "Заменить", "Отвязать…")
		list, err := w.Server.deps.Certificates.List(w.ctx, w.elena.ID)
		w.must(err)

		// A session that the replaced certificate opened ends with it.
		old := w.visitor(w.elena)
		old.prove(w.elena, session.Proof{Factor: session.Certificate, Credential: list[0].Fingerprint})
		v.bindWith("/account/certificates/"+id+"/replace", w.authority.Issue(t, elenasSubject)).leads("/account/certificates?done=certificate")
		old.get("/account").leads(toSignIn("/account", session.None, false))
		list, err = w.Server.deps.Certificates.List(w.ctx, w.elena.ID)
		w.must(err)
		if len(list) != 1 || list[0].ID == id {
			t.Fatalf("after the replacement: %+v", list)
		}
		v.post("/account/certificates/" + list[0].ID + "/remove").leads("/account/certificates?done=certificate_removed")
		if list, _ := w.Server.deps.Certificates.List(w.ctx, w.elena.ID); len(list) != 0 {
			t.Errorf("%d stay", len(list))
		}
		got := slices.DeleteFunc(w.actions(w.elena), func(a string) bool { return !strings.HasPrefix(a, "certificate.") })
		if len(got) < 3 {
			t.Errorf("journal %q", got)
		}
		for _, action := range got {
			if key := "account.event." + action; v.w.face.Pages().T("ru", key) == key {
				t.Errorf("no words for %s", action)
			}
		}
	})
}

func TestScriptGetsAChallengeAndSendsItsSignatureAsText(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	v.get("/account/certificates/new")
	v.header.Set("Accept", "application/json")
	var challenge struct{ ID, Text string }
	w.must(json.Unmarshal([]byte(v.post("/account/certificates/challenge").is(200).body), &challenge))
	if !strings.Contains(challenge.Text, "Подключение сертификата к учётной записи") || !strings.Contains(challenge.Text, "Морозова Е. С.") {
		t.Errorf("the text is %q", challenge.Text)
	}
	cms := w.authority.Issue(t, elenasSubject).Sign(t, []byte(challenge.Text))
	v.post("/account/certificates/new", "challenge", challenge.ID, "signature", base64.StdEncoding.EncodeToString(cms)).
		leads("/account/certificates?done=certificate")
	v.post("/account/certificates/new", "challenge", challenge.ID, "signature", base64.StdEncoding.EncodeToString(cms)).
		is(422).says("Время на подпись вышло, или она уже использована.")
}

func TestRefusedCertificateIsToldCheckByCheck(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	revoked := w.authority.Issue(t, elenasSubject)
	w.authority.Revoke(t, revoked)
	v.bindWith("/account/certificates/new", revoked).is(422).says("Подпись не принята:", "Отзыв", "не пройдено").has("certificate_revoked")
	v.bindWith("/account/certificates/new", w.authority.Issue(t, othersSubject)).is(422).says("СНИЛС или ИНН в сертификате не те")
	v.upload("/account/certificates/new", []string{"challenge", v.get("/account/certificates/new").value("challenge")}, nil).is(422).says("Нет подписи.")
	v.upload("/account/certificates/new", []string{"challenge", "nothing"}, map[string][]byte{"signature": {0x30}}).is(422).says("Время на подпись вышло")
	if list, _ := w.Server.deps.Certificates.List(w.ctx, w.elena.ID); len(list) != 0 {
		t.Errorf("%d bound", len(list))
	}
}

// A challenge of one session is nothing in another one, of whomever.
func TestChallengeBelongsToItsSession(t *testing.T) {
	w := quickWorld(t)
	mine, theirs := w.signedIn(w.elena), w.signedIn(w.elena)
	id := theirs.get("/account/certificates/new").value("challenge")
	text := theirs.post("/account/certificates/challenge", "challenge", id).is(200).body
	mine.get("/account/certificates/new")
	mine.post("/account/certificates/challenge", "challenge", id).is(422)
	cms := w.authority.Issue(t, elenasSubject).Sign(t, []byte(text))
	mine.upload("/account/certificates/new", []string{"challenge", id}, map[string][]byte{"signature": cms}).is(422)
	theirs.upload("/account/certificates/new", []string{"challenge", id}, map[string][]byte{"signature": cms}).is(422) // it was the one try
}

// A certificate bound to somebody else is refused, and stays where it is.
func TestCertificateOfAnotherAccountIsRefused(t *testing.T) {
	w := quickWorld(t)
	holder := w.authority.Issue(t, othersSubject)
	w.signedIn(w.pavel).bindWith("/account/certificates/new", holder).leads("/account/certificates?done=certificate")
	w.visitor(w.loner, session.Password).bindWith("/account/certificates/new", holder).is(422)
	if list, _ := w.Server.deps.Certificates.List(w.ctx, w.pavel.ID); len(list) != 1 {
		t.Errorf("the owner has %d", len(list))
	}
}

func TestCertificateStatusesAreShown(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	id := w.bind(v)
	list, err := w.Server.deps.Certificates.List(w.ctx, w.elena.ID)
	w.must(err)
	w.clock.Advance(list[0].NotAfter.Time().Sub(w.clock.Now()) - 24*time.Hour)
	v = w.signedIn(w.elena)
	v.get("/account/certificates").says("Истекает", "До конца срока меньше 30 дней.", "в личном кабинете налогоплательщика")
	w.clock.Advance(25 * time.Hour)
	v = w.signedIn(w.elena)
	v.get("/account/certificates").says("Просрочен")
	held, err := w.Server.held(w.ctx, w.elena)
	if err != nil || len(held.certificates) != 0 {
		t.Errorf("an expired certificate %s is held: %v", id, err)
	}
}

func TestAnySignatureIsJudgedAndKeptNowhere(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	content := []byte("договор")
	cms := w.authority.Issue(t, othersSubject).Sign(t, content)
	v.get("/account/signatures").is(200).has(`name="content"`, `name="signature"`)
	v.upload("/account/signatures", nil, map[string][]byte{"content": content, "signature": cms}).is(200).
		says("Подпись действительна", "content.bin", "Чужой Человек", "Цепочка сертификатов", "Тестовый УЦ")
	v.upload("/account/signatures", []string{"signature", base64.StdEncoding.EncodeToString(cms)}, map[string][]byte{"content": content}).is(200).says("Подпись действительна")
	v.upload("/account/signatures", nil, map[string][]byte{"content": []byte("другой договор"), "signature": cms}).is(200).
		says("Подпись недействительна", "Файл не изменён", "не пройдено").has("digest_mismatch")
	v.upload("/account/signatures", nil, map[string][]byte{"content": content, "signature": []byte("<script>")}).is(200).says("Подпись недействительна").lacks("<script>")
	v.upload("/account/signatures", nil, map[string][]byte{"signature": cms}).is(422).says("Выберите файл")
	v.upload("/account/signatures", nil, map[string][]byte{"content": content}).is(422).says("Подпишите файл или загрузите готовую подпись.").has(`href="#signature"`)
	v.upload("/account/signatures", []string{"form", "check"}, nil).is(422).has(`href="#check-content"`, `id="check-content-fault"`, `href="#check-signature"`)
	v.upload("/account/signatures", nil, map[string][]byte{"content": make([]byte, maxContent+1), "signature": cms}).is(http.StatusRequestEntityTooLarge)
	v.upload("/account/signatures", nil, map[string][]byte{"content": make([]byte, 12<<20), "signature": cms}).is(http.StatusRequestEntityTooLarge)
	if slices.ContainsFunc(w.actions(w.elena), func(a string) bool { return strings.HasPrefix(a, "signature") }) {
		t.Error("something was kept")
	}
}

func TestOnePersonDoesNotUseUpTheVerifier(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	files := map[string][]byte{"content": []byte("x"), "signature": []byte("y")}
	v.upload("/account/signatures", nil, files).is(200)
	for range judgedMost - 1 {
		_, _, err := w.Server.deps.Ephemeral.Incr(w.ctx, "account/judged/"+w.elena.ID, judgedWindow)
		w.must(err)
	}
	a := v.upload("/account/signatures", nil, files).is(http.StatusTooManyRequests).says("Подождите и попробуйте ещё раз.")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.signedIn(w.pavel).upload("/account/signatures", nil, files).is(200)
}

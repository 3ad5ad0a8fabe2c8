package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"software.sslmate.com/src/go-pkcs12"

	"propusk/signature"
	"propusk/signature/signaturetest"
)

// TestStoryOfACompanyInChromium is the story of story_test.go as its people live it: in
// a browser, by what stands on the pages, on both engines, at the width of a desk and
// of a phone.
func TestStoryOfACompanyInChromium(t *testing.T) {
	t.Parallel()
	for name, on := range map[string]struct {
		width    int64
		database func(*testing.T) []string
	}{
		"sqlite and process, at a desk": {1280, func(t *testing.T) []string {
			return []string{"PROPUSK_DATABASE_URL=sqlite://" + filepath.Join(t.TempDir(), "propusk.db")}
		}},
		"postgres and redis, on a phone": {390, func(t *testing.T) []string {
			return []string{"PROPUSK_DATABASE_URL=" + postgresDatabase(t), "PROPUSK_REDIS_URL=" + redisServer(t)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSeenStory(t, on.width, on.database(t)...)
			s.registers()
			s.invites()
			s.empowers()
			s.files()
			s.ordersExtract()
			s.answers()
			s.revokes()
			s.exportsJournal()
		})
	}
}

// seenStory is a story whose people sit at browsers.
type seenStory struct {
	*story
	chief      *eyes // the director's
	books      *eyes // the bookkeeper's, who is no member
	ownKey     string
	companyKey string // of the company's certificate; files
}

func newSeenStory(t *testing.T, width int64, env ...string) *seenStory {
	t.Helper()
	s := &seenStory{story: newStory(t, env...)}
	first := openEyes(t, "story")
	first.width = width
	s.chief, s.books = first.another(t, "director").withAxe(), first.another(t, "bookkeeper").withAxe()
	s.ownKey = keptKey(t, s.signers.authority.Issue(t, signature.Subject{
		Kind: signature.KindPerson, CommonName: "Соколов Андрей", LastName: "Соколов", GivenNames: "Андрей", SNILS: directorsSNILS,
	}))
	s.company = organisation{INN: storyINN, OGRN: storyOGRN, Name: "ООО «Гранит»"}
	s.companyKey = keptKey(t, s.signers.of(t, s.company, directorsSNILS))
	return s
}

// keptKey is a .p12 file of a holder, under keyPassword.
func keptKey(t *testing.T, h signaturetest.Holder) string {
	t.Helper()
	content, err := pkcs12.Modern.Encode(h.Key, h.Certificate, nil, keyPassword)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.p12")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// signsIn enters login, password and the code of the generator.
func (e *eyes) signsIn(u *user) {
	e.t.Helper()
	e.writes("Логин", u.Login)
	e.writes("Пароль", u.Password)
	e.goes("Войти")
	e.writes("Код", u.code(e.t))
	e.goes("Продолжить")
}

// proves signs in by the certificate of a key file, where an act demands it.
func (e *eyes) proves(file string) {
	e.t.Helper()
	e.seesSoon("Войдите по электронной подписи")
	e.keyFile(file, keyPassword, "Подписать и войти")
}

// registers: who has no organisation is offered to register one.
func (s *seenStory) registers() {
	s.knownToTheRegister()
	e := s.chief
	e.open(s.Issuer + "/cabinet")
	e.picture("sign-in")
	e.signsIn(s.director)
	e.seesSoon("Вы пока не состоите ни в одной организации")
	e.picture("no-organisation")
	e.goes("Зарегистрировать организацию")
	e.picture("registrations")
	e.picks("Вид", "Юридическое лицо")
	e.writes("ИНН", storyINN)
	e.goes("Начать")
	for label, value := range map[string]string{
		"Полное название": "Общество с ограниченной ответственностью «Гранит»", "ОГРН": storyOGRN,
		"Юридический адрес": "190000, Санкт-Петербург, Галерная ул., д. 5", "Фамилия руководителя": "Соколов", "Имя руководителя": "Андрей",
		"Должность руководителя": "Генеральный директор", "Электронная почта": storyMailbox, "Телефон": storyPhone,
	} {
		e.writes(label, value)
	}
	e.presses("Согласен на обработку данных организации")
	e.picture("registration")
	e.goes("Сохранить")
	for button, to := range map[string]string{"Код на почту": storyMailbox, "Код по СМС": storyPhone} {
		e.goes(button)
		e.writes("Код", s.box.code(s.t, to))
		e.goes("Подтвердить")
	}
	e.goes("Сверить с реестром")
	e.picture("registration-ready")
	e.judge("registration-ready")
	e.goes("Создать кабинет")
	e.presses("ООО «Гранит»")
	e.goes("Войти")
	e.seesSoon("ООО «Гранит»")
	e.picture("today")
}

// invites: the accountant comes in by the link of her letter.
func (s *seenStory) invites() {
	e := s.chief
	e.goes("Сотрудники")
	e.goes("Пригласить")
	for label, value := range map[string]string{"Фамилия": "Орлова", "Имя": "Вера", "Электронная почта": s.accountant.Email, "Должность": "Главный бухгалтер"} {
		e.writes(label, value)
	}
	e.picks("Роль", "Бухгалтер")
	e.picture("invite")
	e.goes("Отправить приглашение")
	e.picture("members")
	accountant := e.another(s.t, "accountant")
	accountant.open(linkIn(s.t, s.box.await(s.t, s.accountant.Email, "Гранит"), s.Issuer+"/invitations/"))
	accountant.picture("invitation")
	accountant.goes("Войти и принять")
	accountant.signsIn(s.accountant)
	accountant.picture("joined")
	accountant.seesSoon("Гранит")
	e.goes("Сотрудники")
	e.says("Орлова", "Бухгалтер")
}

// empowers gives the bookkeeper VAT returns and nothing else, signed with the
// company's certificate.
func (s *seenStory) empowers() {
	e := s.chief
	e.goes("Доверенности")
	e.picture("powers")
	e.goes("Выдать доверенность")
	for label, value := range map[string]string{"Фамилия": "Морозова", "Имя": "Елена", "СНИЛС": s.bookkeeper.SNILS} {
		e.writes(label, value)
	}
	e.presses("Подпишет другой руководитель") // the register knows him; in the cabinet he is its administrator
	for label, value := range map[string]string{"Фамилия руководителя": "Соколов", "Имя руководителя": "Андрей", "СНИЛС руководителя": directorsSNILS} {
		e.writes(label, value)
	}
	e.picture("power-who")
	e.goes("Дальше")
	e.presses("Подписание и представление налоговых деклараций")
	e.presses("Только отчёты этих видов")
	e.presses("Декларация по НДС")
	e.presses("Может подписывать")
	e.seesSoon("Отчётность только этих видов: Декларация по НДС.")
	e.picture("power-what")
	e.goes("Дальше")
	e.picture("power-review")
	e.goes("Создать доверенность")
	e.goes("Подписать")
	e.picture("power-sign")
	e.judge("power-sign")
	e.keyFile(s.companyKey, keyPassword, "Подписать доверенность")
	e.seesSoon("Доверенность подписана и действует")
	e.picture("power")
}

// files: the bookkeeper fills a return in, hears of a fault while she types, signs and
// sends it, all by the keyboard, and the receipts of the state body come back.
func (s *seenStory) files() {
	e := s.books
	e.open(s.Issuer + "/cabinet")
	e.signsIn(s.bookkeeper)
	e.presses("ООО «Гранит»")
	e.goes("Войти")
	e.picture("today")
	e.keysEnter("Отчётность")
	e.picture("filings")
	e.keysEnter("Новый отчёт")
	e.keysEnter("Декларация по НДС")
	e.keysTo("field", "Год")
	e.press(kb.ArrowDown)
	e.keysEnter("Заполнить")
	e.keysWrite("Код ОКТМО", "45375000")
	e.keysTo("field", "Кто подписывает")
	e.press(kb.ArrowDown) // the representative, and not the head
	e.keysWrite("Фамилия", "Морозова")
	e.keysWrite("Имя", "Елена")
	e.keysWrite("Документ, подтверждающий полномочия", "Доверенность "+s.number())
	e.picture("fill")
	e.keysEnter("Дальше")
	e.keysWrite("Код ОКТМО", "45375000")
	e.keysWrite("КБК", "1"+kb.Tab)
	e.seesSoon("КБК")
	e.awaits(`document.querySelector(".wrong .fault")`, "fault that is told while one types")
	e.picture("fill-fault")
	e.press(kb.Shift + kb.Tab)
	e.do("take the value", chromedp.Evaluate[chromedp.Void](`document.activeElement.select()`))
	e.keysWrite("КБК", "18210301000011000110")
	e.keysWrite("К уплате (со знаком минус: к возмещению)", "200000")
	e.keysEnter("Дальше")
	e.keysWrite("Итого по разделу 3", "200000")
	e.keysWrite("Налог с учётом восстановленных сумм, всего", "200000")
	e.keysWrite("Реализация по ставке 20 %: налоговая база", "1000000")
	e.keysWrite("Реализация по ставке 20 %: налог", "200000")
	e.keysEnter("Проверить отчёт")
	e.says("Ошибок не найдено")
	e.picture("filing-checked")
	e.keysEnter("Подписать и отправить")
	e.picture("filing-sign")
	e.judge("filing-sign")
	e.keyFile(s.papers.p12("p-256"), keyPassword, "Подписать и отправить")
	e.seesSoon("Отчёт подписан и отправлен")
	e.reloadsUntil("Ответы и квитанции")
	e.reloadsUntil("Введено")
	e.picture("filing-receipts")
}

// number is that of the power that the bookkeeper acts under, as the frame says it.
func (s *seenStory) number() string {
	_, rest, _ := strings.Cut(s.books.text(), "По доверенности № ")
	number, _, _ := strings.Cut(rest, " ")
	return number
}

func (s *seenStory) ordersExtract() {
	e := s.chief
	e.goes("Выписки и справки")
	e.goes("Заказать")
	e.picture("extract-catalogue")
	e.goes("Выписка из ЕГРЮЛ")
	e.picture("extract-order")
	e.goes("Заказать")
	e.seesSoon("Подпись к PDF") // the page draws itself anew when it is ready
	e.picture("extract")
	if pdf := e.downloads("Скачать"); !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		s.t.Errorf("the extract begins with %q", pdf[:min(len(pdf), 20)])
	}
}

// answers: a requirement comes and is answered in time.
func (s *seenStory) answers() {
	s.office.admin(s.t, "POST", "/admin/requirements", map[string]any{
		"inn": storyINN, "subject": "О представлении пояснений", "text": "Представьте пояснения к декларации.", "due": "120h",
	}, nil)
	e := s.chief
	e.goes("Обращения")
	e.reloadsUntil("О представлении пояснений")
	e.picture("requests")
	e.goes("О представлении пояснений")
	e.picture("requirement")
	e.goes("Принять к исполнению")
	e.writes("Текст", "Расхождение из-за округления, книга продаж верна.")
	e.goes("Отправить")
	e.says("Ответ отправлен")
	e.reloadsUntil("Исполнено")
	e.picture("requirement-answered")
	if strings.Contains(e.text(), "рочено") {
		s.t.Errorf("answered in time, and yet: %s", e.text())
	}
}

// revokes: an open page of the bookkeeper stops working within five seconds.
func (s *seenStory) revokes() {
	e := s.chief
	e.goes("Доверенности")
	e.goes("Морозова Елена")
	e.goes("Отозвать…")
	e.writes("Причина", "Договор расторгнут")
	e.picture("power-revoke")
	e.goes("Отозвать")
	e.proves(s.ownKey)
	e.awaits(fmt.Sprintf(`document.querySelector(%q).value === "Договор расторгнут"`, e.reads("field", "Причина")), "form as it was filled in")
	e.goes("Отозвать")
	revoked := time.Now()
	e.seesSoon("Отозвана")
	e.picture("power-revoked")
	for {
		asked := time.Since(revoked)
		s.books.do("look again", chromedp.Reload())
		said := s.books.text()
		if !strings.Contains(said, "Ответы и квитанции") {
			break
		}
		if asked > 5*time.Second {
			s.t.Fatalf("asked %v after the revocation the bookkeeper still sees: %s", asked, said)
		}
	}
	s.books.picture("refused")
}

// exportsJournal: what the company takes along verifies without the server.
func (s *seenStory) exportsJournal() {
	e := s.chief
	e.goes("Журнал")
	e.picture("journal")
	lines := e.downloads("Скачать журнал")
	dir := s.t.TempDir()
	export, keys := filepath.Join(dir, "journal.jsonl"), filepath.Join(dir, "jwks.json")
	_, jwks := fetch(s.t, s.Issuer+"/oauth2/jwks")
	write(s.t, keys, jwks)
	write(s.t, export, lines)
	output(s.t, nil, 0, "audit", "verify", export, "--jwks", keys)
	for _, act := range []string{"organisation.created", "power", "filing", "extract", "request"} {
		if !bytes.Contains(lines, []byte(`"`+act)) {
			s.t.Errorf("the journal does not speak of %s", act)
		}
	}
	write(s.t, export, bytes.Replace(lines, []byte("filing"), []byte("fi1ing"), 1))
	output(s.t, nil, 1, "audit", "verify", export, "--jwks", keys)
}

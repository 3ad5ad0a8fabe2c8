package journal_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/web/journal"
	"propusk/cabinet/web/webtest"
	"propusk/idp/directory"
	chain "propusk/storage/journal"
)

func newWorld(t *testing.T) *webtest.World {
	t.Helper()
	w := webtest.New(t, nil, journal.Room())
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	cabinettest.Must(t, err)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	cabinettest.Must(t, err)
	w.Server.JournalKeys = func() []byte { return set }
	w.Server.SignJournal = func(_ context.Context, payload []byte) (string, error) {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}},
			new(jose.SignerOptions).WithType(chain.CheckpointType))
		cabinettest.Must(t, err)
		signed, err := signer.Sign(payload)
		cabinettest.Must(t, err)
		return signed.CompactSerialize()
	}
	return w
}

// TestAnExportIsVerifiedInThePage: the person learns which entry is wrong, and how.
func TestAnExportIsVerifiedInThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	office := w.Office("mayak", directory.Roles()...)
	b := w.SignIn(office, directory.Controller)
	export := b.Open("/cabinet/journal").Is(http.StatusOK).Follow("Скачать").Is(http.StatusOK)
	if !strings.HasPrefix(export.Header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("the export is no file: %v", export.Header)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(export.Body, "\n"), "\n")
	page := b.Open("/cabinet/journal").Follow("Проверить выгрузку").Is(http.StatusOK).Says("Без этого сервера", cabinettest.Issuer+"/oauth2/jwks")
	page.Submit("Проверить").Is(http.StatusUnprocessableEntity).Says("Файл не выбран")
	put := func(text string) *webtest.Page {
		return page.Choose("Файл выгрузки", "journal.jsonl", []byte(text)).Submit("Проверить")
	}
	put(export.Body).Is(http.StatusOK).Says("Ничего не изменено", "Подлинный", "journal.jsonl").Lacks("Файлу нельзя верить")
	changed := strings.Replace(lines[1], `"outcome":"success"`, `"outcome":"refused"`, 1)
	put(lines[0]+changed+strings.Join(lines[2:], "")).Is(http.StatusOK).Says("Файлу нельзя верить", "Запись № 2 изменена")
	put(lines[0] + strings.Join(lines[2:], "")).Says("Перед записью № 3 не хватает записей")
	put("не журнал\n").Says("строка, которая не запись")
	put(strings.Repeat("x", 2<<20)).Is(http.StatusBadRequest)

	theirs := w.SignIn(w.Office("other", directory.Controller), directory.Controller)
	theirs.Open("/cabinet/journal/verify").Choose("Файл выгрузки", "journal.jsonl", []byte(export.Body)).Submit("Проверить").Says("Это журнал другой организации")
	w.SignIn(office, directory.Accountant).Open("/cabinet/journal/verify").Choose("Файл выгрузки", "j", []byte(export.Body)).Submit("Проверить").
		Is(http.StatusForbidden).Says("нужно право «Смотреть журнал»")
	b.In("en").Open("/cabinet/journal/verify").Choose("The export", "journal.jsonl", []byte(lines[0])).Submit("Verify").Says("The file cannot be relied on", "There is no checkpoint")
}

// TestTheJournalIsReadAndFilteredByPage: over the whole API.
func TestTheJournalIsReadAndFilteredByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	office := w.Office("mayak", directory.Roles()...)
	b := w.SignIn(office, directory.Controller)
	b.Open("/cabinet/journal").Is(http.StatusOK).Says("Сотрудник добавлен")
	b.Open("/cabinet/journal?action=member.removed").Says("Таких записей нет")
	b.Open("/cabinet/journal?from=nonsense&to=2026-13-01").Is(http.StatusUnprocessableEntity).Says("Такой даты нет")
	b.Open("/cabinet/journal?from=2020-01-01&to=2020-01-02").Says("Таких записей нет").Follow("Сбросить").Says("Сотрудник добавлен")
	b.In("en").Open("/cabinet/journal").Is(http.StatusOK).Says("Verify an export")
	w.SignIn(office, directory.Accountant).Open("/cabinet/journal").Is(http.StatusForbidden).Says("нужно право «Смотреть журнал»")
}

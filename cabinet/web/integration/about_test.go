package integration_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/web/inboxtest"
	"propusk/cabinet/web/integration"
	"propusk/idp/directory"
)

var picture = regexp.MustCompile(`<img class="applogo" src="(/oauth2/logo/[0-9a-f]{64})"`)

// TestAnApplicationShowsWhoItIs: what an application says of itself is asked field by
// field, and its owner sees the picture as people are shown it: from this site alone.
func TestAnApplicationShowsWhoItIs(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	cabinettest.Must(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, 64, 64))))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".png") {
			_, _ = w.Write(file.Bytes())
		}
	}))
	t.Cleanup(server.Close)
	w := inboxtest.New(t, integration.Room())
	o := w.Office("mayak", directory.Administrator, directory.Observer)
	b := w.SignIn(o, directory.Administrator)
	form := b.Open("/cabinet/integrations/clients/new").Is(http.StatusOK).Fill("Название приложения", "Склад")
	refused := form.Fill("Картинка", "javascript:alert(1)").Fill("Страница приложения", "https://").Fill("Условия использования", "https://bank@evil.example/").
		Fill("Как оно обращается с данными", "ftp://mayak.example").Submit("Создать").Is(http.StatusUnprocessableEntity)
	refused.Says("Адрес картинки — https://", "Адрес страницы приложения — https://", "Адрес условий использования — https://", "Адрес политики обработки данных — https://")
	for _, field := range []string{"logo_uri", "client_uri", "tos_uri", "policy_uri"} {
		if !strings.Contains(refused.Body, `href="#`+field+`"`) || !strings.Contains(refused.Body, `id="`+field+`-fault"`) {
			t.Errorf("%s: the fault leads nowhere", field)
		}
	}
	made := refused.Fill("Картинка", server.URL+"/logo.svg").Fill("Страница приложения", "https://mayak.example/").
		Fill("Условия использования", "").Fill("Как оно обращается с данными", "https://mayak.example/privacy").
		Submit("Создать").Is(http.StatusCreated).Follow("К приложению").Is(http.StatusOK)
	made.Says("Как его видят люди", "Картинка скачивается", "mayak.example", "Сайт приложения", "Как оно обращается с данными")
	w.Work()
	shown := b.Open(made.Path).Says("Картинку показать нельзя", "Скачать заново")
	if strings.Contains(shown.Body, "<img class=\"applogo\"") {
		t.Error("a picture is drawn that nobody has")
	}
	shown.Fill("Картинка", server.URL+"/logo.png").Submit("Сохранить").Is(http.StatusOK).Says("Сохранено")
	w.Work()
	shown = b.Open(made.Path).Says("Люди видят эту картинку", "Проверено")
	if !picture.MatchString(shown.Body) || strings.Contains(shown.Body, `src="`+server.URL) {
		t.Error("the picture must come from this very site")
	}
	w.Clock.Advance(time.Minute)
	shown.Submit("Скачать заново").Is(http.StatusOK).Says("Картинка будет скачана заново")
	w.Work()
	gone := b.Open(made.Path).Fill("Картинка", "").Fill("Страница приложения", "").Fill("Как оно обращается с данными", "").Submit("Сохранить").Is(http.StatusOK)
	gone.Lacks("Как его видят люди")

	w.SignIn(o, directory.Observer).Open(made.Path).Is(http.StatusForbidden)
}

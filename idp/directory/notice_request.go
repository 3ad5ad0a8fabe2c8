package directory

import (
	"context"
	"errors"
	"time"

	"propusk/storage"
	"propusk/storage/outbox"
)

// Request is what an application asks a person to confirm (CIBA Core 1.0).
type Request struct {
	Client         string       // the application's name
	ClientEN       string       // in English; "" = Client
	BindingMessage string       // what the application shows, too; "" = nothing
	Path           string       // of the page where the person decides
	Expires        storage.Time // not worth telling of after
}

// TellRequest tells the person of a request that waits for his decision: by e-mail,
// or by SMS where there is no other way. The link leads to the issuer, whatever
// host the request came by, and opens nothing to whoever is not signed in as him.
func (d *Directory) TellRequest(ctx context.Context, p Person, r Request) error {
	name, message := r.Client, r.BindingMessage
	if p.Locale == "en" && r.ClientEN != "" {
		name = r.ClientEN
	}
	if message == "" {
		message = "—"
	}
	link := d.baseURL + r.Path
	subject, body := fill(p.Locale, requestTexts.ru, requestTexts.en, "{client}", name, "{message}", message,
		"{link}", link, "{until}", clock(p.Locale, r.Expires.Time()))
	m := outbox.Message{Channel: "email", To: p.Email, Subject: subject, Text: body, Expires: r.Expires}
	if p.Email == "" {
		m = outbox.Message{Channel: "sms", To: p.Phone, Text: subject + ": " + link, Expires: r.Expires}
	}
	if m.To == "" {
		return nil // it waits on the person's page all the same
	}
	if err := d.outbox.Send(ctx, m); err != nil && !errors.Is(err, outbox.ErrChannel) {
		return wrapped("send a request", err)
	}
	return nil
}

// clock is a time of today in Moscow, as messages write it.
func clock(lang string, at time.Time) string {
	text := at.In(moscow).Format("15:04")
	if lang == "en" {
		return text + " (Moscow time)"
	}
	return text + " по московскому времени"
}

// requestTexts ask for a decision, and warn of requests that are not one's own.
var requestTexts = struct{ ru, en text }{
	text{
		"{client} просит подтвердить вход",
		"Приложение «{client}» просит подтвердить вход или действие.\n\nКод запроса: {message}\nСравните его с тем, что показывает приложение.\n\nПринять или отклонить до {until}:\n{link}\n\nЕсли вы ничего не запрашивали, отклоните запрос и никому не сообщайте коды.",
	},
	text{
		"{client} asks you to confirm",
		"The application “{client}” asks you to confirm a sign-in or an act.\n\nCode of the request: {message}\nCompare it with what the application shows.\n\nAccept or refuse until {until}:\n{link}\n\nIf you asked for nothing, refuse, and tell nobody any codes.",
	},
}

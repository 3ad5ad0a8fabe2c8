package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
)

// key publishes the key that the sandbox signs by.
func (s *Sandbox) key(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Write(s.Signer.PEM())
}

// help is the page that somebody sees who looks with a browser or curl.
func (s *Sandbox) help(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, helpText, s.Name, cmp.Or(s.Callback, "(нет: ответы забирают запросом GET /answers)"))
}

const helpText = `%s. Песочница обмена Propusk / a body to test against.

Ответы уходят на / answers go to: %s

Обмен, подписан (docs/authority.md) / the exchange, signed:
  POST /submissions               принять документ / take a submission
  GET  /answers?after=&limit=     ответы после отметки / answers after a cursor
  GET  /organizations/NUMBER      запись реестра по ИНН или ОГРН / a record of the register
  POST /payments, GET /payments/ID   платёжный сервис / the payment provider; GET /pay/ID: его страница / its page
  GET  /key                       ключ подписи / the key of its signatures

Управление / admin (docs/sandbox.md):
  GET  /admin/submissions[?inn=&kind=]    GET /admin/submissions/ID    GET /admin/submissions/ID/files/N
  POST /admin/submissions/ID/answers      {"event":"clarification","faults":[{"code":"…","text":"…"}]}
  GET  /admin/answers                     POST /admin/answers/ID/resend
  POST /admin/requirements                {"inn":"…","subject":"…","text":"…","due":"240h"}
  POST /admin/messages                    {"inn":"…","subject":"…","text":"…"}
  GET, PUT, POST /admin/rules             DELETE /admin/rules/NAME
  GET, POST /admin/clock                  {"advance":"72h"}
  GET, POST /admin/charges[?inn=]         DELETE /admin/charges/УИН
  GET  /admin/payments                    POST /admin/payments/ID {"status":"paid|refused|expired"}
  GET, POST /admin/organizations          DELETE /admin/organizations/NUMBER
`

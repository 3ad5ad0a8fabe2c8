package authority

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"propusk/cabinet/authority/httpsig"
	"propusk/storage"
)

// callbacksAtATime bounds how many answers of up to answerLimit are in memory.
const callbacksAtATime = 8

// Where bodies reach us.
const (
	CallbackPath = "/authority/answers"
	KeyPath      = "/authority/key"
)

func (g *Gateway) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+CallbackPath, g.callback)
	mux.HandleFunc("GET "+KeyPath, g.showKey)
	return mux
}

// ServeHTTP answers everything under /authority/.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.mux.ServeHTTP(w, r) }

// showKey publishes the key that our submissions are signed by, as PEM.
func (g *Gateway) showKey(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(g.Signer.PEM())
}

// callback takes one answer of a body. 204 means that it is stored, with the commit
// on the disk; anything else that the body must send it again, but for 409 and 422,
// which no repetition mends.
func (g *Gateway) callback(w http.ResponseWriter, r *http.Request) {
	select {
	case g.reading <- struct{}{}:
		defer func() { <-g.reading }()
	default:
		w.Header().Set("Retry-After", "1")
		g.refuse(w, r, http.StatusServiceUnavailable, "busy", nil)
		return
	}
	body, raw, err := g.authenticate(r)
	if err == nil {
		_, err = g.accept(r.Context(), body, raw)
	}
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, httpsig.ErrRefused), errors.Is(err, storage.ErrExists):
		w.Header().Set("WWW-Authenticate", "Signature")
		g.refuse(w, r, http.StatusUnauthorized, "signature_refused", err)
	case errors.Is(err, httpsig.ErrTooLarge):
		g.refuse(w, r, http.StatusRequestEntityTooLarge, "too_large", err)
	case errors.Is(err, errAnswer):
		g.refuse(w, r, http.StatusUnprocessableEntity, "not_an_answer", err)
	case errors.Is(err, errChanged):
		g.refuse(w, r, http.StatusConflict, "changed", err)
	default:
		g.refuse(w, r, http.StatusInternalServerError, "not_stored", err)
	}
}

// authenticate finds the body whose key signed the request and reads what it says.
func (g *Gateway) authenticate(r *http.Request) (body string, raw []byte, err error) {
	owners := map[string]string{}
	v := httpsig.Verifier{Now: g.Now, Spend: g.spend, Authority: g.Host, Key: func(id string) (httpsig.Public, bool) {
		for _, p := range g.peers {
			if key, known := p.key(id); known {
				owners[id] = p.Name
				return key, true
			}
		}
		return httpsig.Public{}, false
	}}
	id, raw, err := v.Request(r, answerLimit)
	return owners[id], raw, err
}

// spend refuses a nonce that was seen before, with storage.ErrExists.
func (g *Gateway) spend(ctx context.Context, nonce string, ttl time.Duration) error {
	return g.Ephemeral.Add(ctx, "authority/nonce/"+nonce, []byte{1}, ttl)
}

// accept checks and stores an answer.
func (g *Gateway) accept(ctx context.Context, body string, raw []byte) (repeated bool, err error) {
	a, err := parseAnswer(raw)
	if err != nil {
		return false, err
	}
	repeated, err = g.take(ctx, body, raw, a)
	switch {
	case err != nil:
	case repeated:
		g.metrics.taken("repeated")
	default:
		g.metrics.taken("taken")
	}
	return repeated, err
}

// callbackTexts are what a body is told, in the order Russian, English.
var callbackTexts = map[string]string{
	"busy":              "Сейчас принимается слишком много ответов, повторите позже. / Too many answers are being taken, send it again later.",
	"signature_refused": "Подпись сообщения не принята. / The signature of the message is refused.",
	"too_large":         "Ответ больше 32 МиБ. / The answer is larger than 32 MiB.",
	"not_an_answer":     "Сообщение не соответствует форме ответа. / The message does not have the form of an answer.",
	"changed":           "Под этим идентификатором уже принят другой ответ. / Another answer was taken under this id.",
	"not_stored":        "Ответ не сохранён, повторите. / The answer is not stored, send it again.",
}

// refuse writes a problem (RFC 9457) and logs why.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, status int, code string, err error) {
	g.metrics.taken(code)
	detail := ""
	if err != nil {
		level := g.Log.WarnContext
		if status >= http.StatusInternalServerError {
			level = g.Log.ErrorContext
		} else {
			detail = err.Error()
		}
		level(r.Context(), "an answer was not taken", "code", code, "error", err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": callbackTexts[code], "status": status, "code": code, "detail": detail})
}

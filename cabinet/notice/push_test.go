package notice_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage/outbox"
	"propusk/storage/outside"
)

// browser is a person's, with the push service behind it.
type browser struct {
	*httptest.Server
	key  *ecdh.PrivateKey
	auth []byte

	mu     sync.Mutex
	status int
	got    []string // as decrypted
	header http.Header
	size   int
}

func newBrowser(t *testing.T) *browser {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	cabinettest.Must(t, err)
	b := &browser{key: key, auth: make([]byte, 16), status: 201}
	_, _ = rand.Read(b.auth)
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *browser) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	plain, err := b.open(body)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		plain = []byte(err.Error())
	}
	b.got, b.header, b.size = append(b.got, string(plain)), r.Header.Clone(), len(body)
	w.WriteHeader(b.status)
}

func (b *browser) messages() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.got...)
}

// open decrypts as a user agent does (RFC 8291 §3.4, RFC 8188 §2.1).
func (b *browser) open(body []byte) ([]byte, error) {
	if len(body) < 86 || body[20] != 65 {
		return nil, errors.New("no aes128gcm header")
	}
	salt, point, sealed := body[:16], body[21:86], body[86:]
	sender, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return nil, err
	}
	shared, err := b.key.ECDH(sender)
	if err != nil {
		return nil, err
	}
	info := "WebPush: info\x00" + string(b.key.PublicKey().Bytes()) + string(point)
	ikm, _ := hkdf.Key(sha256.New, shared, b.auth, info, 32)
	key, _ := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	nonce, _ := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	block, _ := aes.NewCipher(key)
	gcm, _ := cipher.NewGCM(block)
	plain, err := gcm.Open(nil, nonce, sealed, nil)
	if err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(strings.TrimRight(string(plain), "\x00"), "\x02")), nil
}

func (b *browser) subscription(device string) map[string]any {
	encode := base64.RawURLEncoding.EncodeToString
	return map[string]any{
		"endpoint": b.URL + "/send/" + device, "device": device,
		"keys": map[string]string{"p256dh": encode(b.key.PublicKey().Bytes()), "auth": encode(b.auth)},
	}
}

// pushing is a world whose outbox really pushes.
func pushing(t *testing.T, test func(h house)) {
	each(t, test, func(d *notice.Deps) {
		d.Outbox.Channels["push"] = outbox.NewWebPush(outbox.WebPush{
			VAPID: d.VAPID, Contact: "https://propusk.example", Now: d.Now,
			Client: outside.NewClient(outside.Options{Reach: outside.Loopback}),
		})
	})
}

type subscription struct{ ID, Device, Service string }

func (h house) subscriptions(token string) (key string, list []subscription) {
	h.t.Helper()
	var page struct {
		Key           string `json:"application_server_key"`
		Subscriptions []subscription
	}
	h.Expect(h.Do("GET", "/v1/push-subscriptions", token, nil), 200, "").Into(h.t, &page)
	return page.Key, page.Subscriptions
}

func TestAPushIsEncryptedForTheBrowserAloneAndSignedByThisHouse(t *testing.T) {
	pushing(t, func(h house) {
		o, b := h.Office("Alpha"), newBrowser(t)
		token := h.Token(o, directory.Administrator)
		var made subscription
		h.Expect(h.Do("POST", "/v1/push-subscriptions", token, b.subscription("ноутбук")), 201, "").Into(t, &made)
		h.tell(h.filing(o, func(e *notice.Event) {
			e.Importance = notice.High
			e.Texts.RU = notice.Message{Subject: "Отказ", Body: "Представитель СНИЛС 112-233-445 95, паспорт 45 04 123456."}
		}))
		got := b.messages()
		if len(got) != 1 {
			t.Fatalf("%q", got)
		}
		var payload struct{ ID, Title, Body, URL, Category string }
		h.must(json.Unmarshal([]byte(got[0]), &payload))
		if payload.Title != "Отказ" || payload.Category != "filing" || !strings.HasPrefix(payload.URL, cabinettest.Issuer+"/cabinet/filings/") {
			t.Errorf("%+v", payload)
		}
		if strings.Contains(payload.Body, "112-233") || strings.Contains(payload.Body, "45 04 123456") {
			t.Errorf("numbers of a person leave the house: %s", payload.Body)
		}
		key, list := h.subscriptions(token)
		authorization := b.header.Get("Authorization")
		if len(list) != 1 || list[0].Service != "127.0.0.1" || list[0].Device != "ноутбук" || !strings.Contains(authorization, "k="+key) {
			t.Errorf("%+v %s", list, authorization)
		}
		if b.header.Get("Content-Encoding") != "aes128gcm" || b.header.Get("TTL") != "86400" || b.size < 4000 || b.size > 4096 {
			t.Errorf("%v, %d bytes", b.header, b.size)
		}
		if got := ways(h.history(token, "?channel=push")); got != "push sent" {
			t.Error(got)
		}
		var sealed []string
		h.must(h.DB.Select(context.Background(), &sealed, `SELECT CAST(sealed AS TEXT) || host FROM push_subscriptions`))
		if strings.Contains(sealed[0], "/send/") {
			t.Error("the endpoint is stored readable")
		}
	})
}

func TestAGoneSubscriptionIsForgotten(t *testing.T) {
	pushing(t, func(h house) {
		o, b := h.Office("Alpha"), newBrowser(t)
		token := h.Token(o, directory.Administrator)
		h.Expect(h.Do("POST", "/v1/push-subscriptions", token, b.subscription("ноутбук")), 201, "")
		b.mu.Lock()
		b.status = 410
		b.mu.Unlock()
		h.tell(h.filing(o, func(e *notice.Event) { e.Importance = notice.High }))
		if _, list := h.subscriptions(token); len(list) != 0 {
			t.Error("it is still there")
		}
		if got := ways(h.history(token, "?channel=push")); got != "push failed gone" {
			t.Error(got)
		}
		h.tell(h.filing(o, func(e *notice.Event) { e.Importance = notice.High }))
		if len(b.messages()) != 1 {
			t.Error("it was asked again")
		}
	})
}

func TestAPushServiceThatRefusesIsAFailureWithItsReason(t *testing.T) {
	pushing(t, func(h house) {
		o, b := h.Office("Alpha"), newBrowser(t)
		token := h.Token(o, directory.Administrator)
		h.Expect(h.Do("POST", "/v1/push-subscriptions", token, b.subscription("ноутбук")), 201, "")
		b.mu.Lock()
		b.status = 403
		b.mu.Unlock()
		h.tell(h.filing(o, func(e *notice.Event) { e.Importance = notice.High }))
		if got := ways(h.history(token, "?channel=push")); got != "push failed refused" {
			t.Error(got)
		}
		if _, list := h.subscriptions(token); len(list) != 1 {
			t.Error("a subscription that is only refused now is kept")
		}
	})
}

func TestAnUnsubscribedDeviceGetsNothing(t *testing.T) {
	pushing(t, func(h house) {
		o, b := h.Office("Alpha", directory.Observer), newBrowser(t)
		token, other := h.Token(o, directory.Administrator), h.Token(o, directory.Observer)
		var made subscription
		h.Expect(h.Do("POST", "/v1/push-subscriptions", token, b.subscription("a")), 201, "").Into(t, &made)
		path := "/v1/push-subscriptions/" + made.ID
		h.Expect(h.Do("DELETE", path, other, nil), 404, "not_found")
		h.Expect(h.Do("DELETE", path, token, nil), 204, "")
		h.Expect(h.Do("DELETE", path, token, nil), 404, "not_found")
		h.tell(h.filing(o, func(e *notice.Event) { e.Importance = notice.High }))
		if len(b.messages()) != 0 {
			t.Error("it was pushed")
		}
	})
}

// A browser that somebody else signs in with is his: the one before him must not
// see his notices, nor he theirs.
func TestABrowserThatChangesHandsIsOnePersons(t *testing.T) {
	pushing(t, func(h house) {
		o, b := h.Office("Alpha", directory.Observer), newBrowser(t)
		first, second := h.Token(o, directory.Administrator), h.Token(o, directory.Observer)
		h.Expect(h.Do("POST", "/v1/push-subscriptions", first, b.subscription("a")), 201, "")
		h.Expect(h.Do("POST", "/v1/push-subscriptions", second, b.subscription("a")), 201, "")
		if _, list := h.subscriptions(first); len(list) != 0 {
			t.Error("it is still the first one's")
		}
		h.tell(h.filing(o, func(e *notice.Event) {
			e.Importance, e.Persons = notice.High, []string{o.Admin.ID}
		}))
		if len(b.messages()) != 0 {
			t.Error("the second person saw the first one's notice")
		}
	})
}

func TestTenDevicesAreKept(t *testing.T) {
	pushing(t, func(h house) {
		o, b := h.Office("Alpha"), newBrowser(t)
		token := h.Token(o, directory.Administrator)
		for _, device := range strings.Fields("a b c d e f g h i j k l") {
			h.Expect(h.Do("POST", "/v1/push-subscriptions", token, b.subscription(device)), 201, "")
			h.Clock.Advance(1000)
		}
		_, list := h.subscriptions(token)
		if len(list) != 10 || list[0].Device != "c" || list[9].Device != "l" {
			t.Errorf("%+v", list)
		}
	})
}

func TestAPushEndpointInsideIsRefused(t *testing.T) {
	each(t, func(h house) {
		o, b := h.Office("Alpha"), newBrowser(t)
		token := h.Token(o, directory.Administrator)
		for endpoint, code := range map[string]string{
			"https://169.254.169.254/": "address_refused", "https://127.0.0.1/x": "address_refused", "https://10.0.0.1/": "address_refused",
			"https://[fe80::1]/": "address_refused", "http://push.example.ru/": "invalid", "": "invalid",
		} {
			body := b.subscription("x")
			body["endpoint"] = endpoint
			p := h.Expect(h.Do("POST", "/v1/push-subscriptions", token, body), 422, "validation_failed").Problem(t)
			if p.Errors[0].Pointer != "/endpoint" || p.Errors[0].Code != code {
				t.Errorf("%q: %+v", endpoint, p.Errors)
			}
		}
		for pointer, keys := range map[string]map[string]string{
			"/keys/p256dh": {"p256dh": "AAAA", "auth": base64.RawURLEncoding.EncodeToString(b.auth)},
			"/keys/auth":   {"p256dh": base64.RawURLEncoding.EncodeToString(b.key.PublicKey().Bytes()), "auth": "AAAA"},
		} {
			body := b.subscription("x")
			body["endpoint"], body["keys"] = "https://push.example.ru/", keys
			p := h.Expect(h.Do("POST", "/v1/push-subscriptions", token, body), 422, "validation_failed").Problem(t)
			if p.Errors[0].Pointer != pointer {
				t.Errorf("%+v", p.Errors)
			}
		}
	}, func(d *notice.Deps) { d.Reach = nil })
}

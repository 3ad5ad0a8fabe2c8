package signals

import (
	"encoding/json"
	"strings"
	"testing"

	"propusk/storage/outside"
)

// FuzzStreamConfiguration: whatever a receiver sends, what is accepted is bounded,
// pushes only to an address that may be asked, and reads the same when it is written
// back as it is shown.
func FuzzStreamConfiguration(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `{"a":{"a":{"a":1}}}`, `{"stream_id":"x","stream_id":"y"}`,
		`{"events_requested":["` + SessionRevoked + `","urn:x"],"description":"d","delivery":{"method":"urn:ietf:rfc:8936"}}`,
		`{"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"https://a.example.ru/x","authorization_header":"Bearer a"}}`,
		`{"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"https://127.0.0.1/"}}`,
		`{"iss":"https://id.example.ru","aud":["shop"],"stream_id":"1"}`,
		`{"stream_id":"1","subject":{"format":"complex","user":{"format":"iss_sub","iss":"https://id.example.ru","sub":"a"},"tenant":{"format":"opaque","id":"o"}}}`,
		`{"maxEvents":5,"returnImmediately":true,"ack":["a"],"setErrs":{"b":{"err":"x"}}}`,
	} {
		f.Add([]byte(seed))
	}
	s := &Signals{Deps: Deps{Issuer: "https://id.example.ru"}}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = parsePoll(body)
		if id, sel, err := s.parseSubject(body); err == nil && (id == "" || sel == selector{}) {
			t.Error("a subject that is nobody was taken")
		}
		_, c, err := s.parseConfiguration("shop", body)
		if err != nil {
			if _, said := err.(*invalid); !said {
				t.Errorf("not a refusal for whoever wrote it: %v", err)
			}
			return
		}
		c.complete()
		if len(*c.Events) > maxEvents+len(supported) || len(*c.Description) > maxDescription {
			t.Error("a bound is not held")
		}
		if c.Delivery.Method == methodPush {
			if outside.CheckURL(c.Delivery.Endpoint, nil) != nil {
				t.Errorf("the address %q was taken", c.Delivery.Endpoint)
			}
			if header := c.Delivery.Authorization; header != nil && strings.ContainsAny(*header, "\r\n\x00") {
				t.Errorf("the header %q was taken", *header)
			}
		}
		again, err := json.Marshal(map[string]any{
			"events_requested": *c.Events, "description": *c.Description,
			"delivery": map[string]string{"method": c.Delivery.Method, "endpoint_url": c.Delivery.Endpoint},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.parseConfiguration("shop", again); err != nil && len(again) <= maxBody {
			t.Errorf("what is shown is not taken back: %v", err)
		}
	})
}

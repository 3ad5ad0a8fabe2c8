package signals_test

import (
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"propusk/idp/signals"
	"propusk/storage/journal"
)

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestTheTransmitterDescribesItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var metadata map[string]any
	answer := w.ask("", "GET", "/.well-known/ssf-configuration", nil)
	w.want(answer, http.StatusOK, &metadata)
	for member, want := range map[string]string{
		"spec_version": "1_0", "issuer": issuer, "jwks_uri": issuer + "/oauth2/jwks", "default_subjects": "ALL",
		"configuration_endpoint": issuer + "/ssf/streams", "status_endpoint": issuer + "/ssf/status",
		"add_subject_endpoint": issuer + "/ssf/subjects:add", "remove_subject_endpoint": issuer + "/ssf/subjects:remove",
		"verification_endpoint": issuer + "/ssf/verify",
	} {
		if metadata[member] != want {
			t.Errorf("%s is %v, want %s", member, metadata[member], want)
		}
	}
	if answer.Header.Get("Content-Type") != "application/json" {
		t.Error(answer.Header)
	}
}

// The life of a stream (SSF 1.0 §8.1.1).
func TestAStreamIsMadeReadChangedReplacedAndDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var made configuration
	w.want(w.ask("shop", "POST", "/ssf/streams", map[string]any{
		"events_requested": []string{signals.SessionRevoked, "urn:example:unheard-of"}, "description": "the shop",
	}), http.StatusCreated, &made)
	if made.Issuer != issuer || made.Audience != "shop" || made.Delivery.Method != "urn:ietf:rfc:8936" ||
		made.Delivery.Endpoint != issuer+"/ssf/poll/"+made.StreamID || made.Description != "the shop" ||
		!slices.Equal(made.Delivered, []string{signals.SessionRevoked}) || len(made.Requested) != 2 || len(made.Supported) != 9 {
		t.Errorf("made %+v", made)
	}
	var all []configuration
	w.want(w.ask("shop:ssf.read", "GET", "/ssf/streams", nil), http.StatusOK, &all)
	if len(all) != 1 || all[0].StreamID != made.StreamID {
		t.Errorf("the list is %+v", all)
	}
	var changed configuration
	w.want(w.ask("shop", "PATCH", "/ssf/streams", map[string]any{
		"stream_id": made.StreamID, "aud": []string{"shop"}, "iss": issuer,
		"delivery": map[string]string{"method": "urn:ietf:rfc:8935", "endpoint_url": "https://shop.example.ru/events", "authorization_header": "Bearer of-the-shop"},
	}), http.StatusOK, &changed)
	if changed.Description != "the shop" || changed.Delivery.Endpoint != "https://shop.example.ru/events" || len(changed.Requested) != 2 {
		t.Errorf("changed to %+v", changed)
	}
	answer := w.ask("shop", "PUT", "/ssf/streams", map[string]any{"stream_id": made.StreamID, "delivery": changed.Delivery})
	var replaced configuration
	w.want(answer, http.StatusOK, &replaced)
	if replaced.Description != "" || len(replaced.Requested) != 0 || replaced.Delivery.Method != "urn:ietf:rfc:8935" {
		t.Errorf("replaced by %+v", replaced)
	}
	if strings.Contains(string(answer.body), "of-the-shop") {
		t.Error("the Authorization header is shown")
	}
	w.want(w.ask("shop", "DELETE", "/ssf/streams?stream_id="+made.StreamID, nil), http.StatusNoContent, nil)
	w.want(w.ask("shop", "GET", "/ssf/streams?stream_id="+made.StreamID, nil), http.StatusNotFound, nil)
	w.want(w.ask("shop", "GET", "/ssf/streams", nil), http.StatusOK, &all)
	if len(all) != 0 {
		t.Errorf("after the deletion: %+v", all)
	}
	entries, err := w.journal.List(t.Context(), journal.Filter{})
	w.must(err)
	var actions []string
	for _, e := range entries {
		actions = append(actions, e.Action+" "+e.Client)
	}
	slices.Sort(actions)
	if strings.Join(actions, ", ") != "signal_stream.created shop, signal_stream.deleted shop, signal_stream.updated shop, signal_stream.updated shop" {
		t.Errorf("the journal has %v", actions)
	}
}

func TestTheHeaderOfOneAddressGoesToNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	delivery := func(url string, header any) map[string]any {
		d := map[string]any{"method": "urn:ietf:rfc:8935", "endpoint_url": url}
		if header != nil {
			d["authorization_header"] = header
		}
		return d
	}
	var made configuration
	w.want(w.ask("shop", "POST", "/ssf/streams", map[string]any{"delivery": delivery("https://a.example.ru/", "Bearer a")}), 201, &made)
	kept := func() bool { return w.count(`SELECT COUNT(*) FROM signal_streams WHERE LENGTH(sealed) > 0`) == 1 }
	change := func(d map[string]any) bool {
		w.want(w.ask("shop", "PATCH", "/ssf/streams", map[string]any{"stream_id": made.StreamID, "delivery": d}), 200, nil)
		return kept()
	}
	if !kept() || !change(delivery("https://a.example.ru/", nil)) {
		t.Error("a read configuration that is written back loses the header")
	}
	if change(delivery("https://b.example.ru/", nil)) {
		t.Error("another address gets the header of the first")
	}
	if !change(delivery("https://b.example.ru/", "Bearer b")) || change(delivery("https://b.example.ru/", "")) {
		t.Error("the header is not set, or not taken away")
	}
}

func TestWhatIsWrongWithAConfigurationIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deep := strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20)
	for body, says := range map[string]string{
		`[]`: "must be a JSON object", `{`: "does not parse", `{"events_requested":"x"}`: "must not be a JSON string",
		`{"description":"a\u0000b"}`: "NUL", `{} {}`: "behind the JSON object", deep: "nested deeper", `{"description":"a","description":"b"}`: "twice",
		`{"iss":"https://evil.example"}`: "iss must be", `{"aud":"other"}`: "aud must be", `{"stream_id":"mine"}`: "leave it out",
		`{"description":"` + strings.Repeat("x", 501) + `"}`:                                                                      "at most 500 bytes",
		`{"events_requested":[""]}`:                                                                                               "must be a URI",
		`{"events_requested":[` + strings.TrimSuffix(strings.Repeat(`"a",`, 65), ",") + `]}`:                                      "at most 64 events",
		`{"delivery":{"method":"urn:example:smoke"}}`:                                                                             "delivery.method must be",
		`{"delivery":{"method":"urn:ietf:rfc:8936","endpoint_url":"https://x.example"}}`:                                          "must be left out",
		`{"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"https://x.example.ru","authorization_header":"a\r\nHost: b"}}`: "printable ASCII",
		`{"delivery":{"method":"urn:ietf:rfc:8935"}}`:                                                                             "cannot be used",
		`{"events_requested":["` + strings.Repeat("x", 70_000) + `"]}`:                                                            "at most 65536 bytes",
	} {
		answer := w.ask("shop", "POST", "/ssf/streams", body)
		if answer.StatusCode != http.StatusBadRequest || !strings.Contains(string(answer.body), says) {
			t.Errorf("%.60s: %d %s, want %q", body, answer.StatusCode, answer.body, says)
		}
	}
	if n := w.count(`SELECT COUNT(*) FROM signal_streams`); n != 0 {
		t.Errorf("%d streams were made", n)
	}
	w.want(w.ask("shop", "PATCH", "/ssf/streams", `{}`), http.StatusBadRequest, nil)
}

func TestStatusIsReadAndSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("shop").StreamID
	var status struct{ Status, Reason string }
	read := func() string {
		w.want(w.ask("shop:ssf.read", "GET", "/ssf/status?stream_id="+id, nil), http.StatusOK, &status)
		return status.Status
	}
	set := func(to string) {
		w.want(w.ask("shop", "POST", "/ssf/status", map[string]string{"stream_id": id, "status": to, "reason": "why not"}), http.StatusOK, &status)
	}
	if read() != "enabled" {
		t.Errorf("at first %s", status.Status)
	}
	set("paused")
	w.memberRemoved()
	if got := w.poll("shop", id); read() != "paused" || status.Reason != "why not" || len(got) != 0 {
		t.Errorf("paused: %+v, %d events", status, len(got))
	}
	set("enabled")
	if got := w.poll("shop", id); len(got) != 1 {
		t.Errorf("%d events were held while the stream was paused", len(got))
	}
	w.memberRemoved()
	set("disabled")
	w.memberRemoved()
	set("enabled")
	if got := w.poll("shop", id); len(got) != 0 {
		t.Errorf("a disabled stream held %d events (SSF §8.1.2.1)", len(got))
	}
	for _, body := range []string{`{"stream_id":"` + id + `","status":"asleep"}`, `{`, `{"stream_id":"` + id + `","status":"paused","reason":"` + strings.Repeat("x", 501) + `"}`} {
		w.want(w.ask("shop", "POST", "/ssf/status", body), http.StatusBadRequest, nil)
	}
}

// SSF 1.0 §8.1.4.
func TestVerificationIsEchoedAndNotTooOften(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("shop").StreamID
	ask := func() answer {
		return w.ask("shop", "POST", "/ssf/verify", map[string]string{"stream_id": id, "state": "VGVzdA"})
	}
	w.want(ask(), http.StatusNoContent, nil)
	again := ask()
	w.want(again, http.StatusTooManyRequests, nil)
	if again.Header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After is %q", again.Header.Get("Retry-After"))
	}
	got := w.poll("shop", id)
	if len(got) != 1 || got[0].Events[signals.Verification]["state"] != "VGVzdA" ||
		got[0].Subject["format"] != "opaque" || got[0].Subject["id"] != id {
		t.Fatalf("verified by %+v", got)
	}
	w.clock.Advance(60e9)
	w.want(w.ask("shop", "POST", "/ssf/status", map[string]string{"stream_id": id, "status": "disabled"}), http.StatusOK, nil)
	w.want(ask(), http.StatusConflict, nil)
	w.want(w.ask("shop", "POST", "/ssf/verify", `{"state":"`+strings.Repeat("x", 2000)+`"}`), http.StatusBadRequest, nil)
}

func TestAReceiverHasFewStreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		w.stream("shop")
	}
	w.want(w.ask("shop", "POST", "/ssf/streams", `{}`), http.StatusConflict, nil)
	w.stream("other")
}

func TestDependenciesAreChecked(t *testing.T) {
	t.Parallel()
	if _, err := signals.New(signals.Deps{}); err == nil {
		t.Error("made of nothing")
	}
}

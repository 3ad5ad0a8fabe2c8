package journal_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

type setup struct {
	*testing.T
	db    *storage.DB
	clock *storagetest.Clock
	j     *journal.Journal
}

func newSetup(t *testing.T, db *storage.DB) setup {
	clock := storagetest.NewClock()
	return setup{t, db, clock, journal.New(journal.Deps{DB: db, Now: clock.Now})}
}

func each(t *testing.T, test func(s setup)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(newSetup(t, db)) })
}

func (s setup) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s setup) append(organisation, action string) {
	s.Helper()
	s.must(s.j.Append(s.Context(), journal.Entry{Organisation: organisation, Action: action, Outcome: "ok"}))
}

func (s setup) list(f journal.Filter) []journal.Entry {
	s.Helper()
	entries, err := s.j.List(s.Context(), f)
	s.must(err)
	return entries
}

func (s setup) exec(query string, args ...any) {
	s.Helper()
	_, err := s.db.Exec(s.Context(), query, args...)
	s.must(err)
}

func codes(r journal.Report) string {
	var list []string
	for _, p := range r.Problems {
		list = append(list, fmt.Sprint(p.Code, " ", p.Seq))
	}
	return strings.Join(list, ", ")
}

func TestEntryTellsWhoDidWhatAndInWhatCircumstances(t *testing.T) {
	each(t, func(s setup) {
		ctx := journal.With(s.Context(), journal.Circumstances{RequestID: "r1", IP: "192.0.2.7", UserAgent: "Firefox\x00\xff" + strings.Repeat("ж", 600)})
		s.must(s.j.Append(ctx, journal.Entry{
			Organisation: "o", Actor: "anna", Client: "app", Action: "member.removed", Object: "boris", Outcome: "ok",
			Details: map[string]string{"роль": "бухгалтер", "empty": ""},
		}))
		s.must(s.j.Append(ctx, journal.Entry{Organisation: "o", Action: "x", IP: "192.0.2.8", RequestID: "own"}))
		got := s.list(journal.Filter{Organisation: "o"})
		if len(got) != 2 || got[0].Seq != 2 || got[0].IP != "192.0.2.8" || got[0].RequestID != "own" || got[0].Prev != got[1].Hash {
			t.Fatalf("%+v", got)
		}
		e := got[1]
		if e.Seq != 1 || e.At != storage.Of(s.clock.Now()) || e.Actor != "anna" || e.Client != "app" || e.Action != "member.removed" ||
			e.Object != "boris" || e.Outcome != "ok" || e.Details["роль"] != "бухгалтер" || len(e.Details) != 2 || e.IP != "192.0.2.7" ||
			e.RequestID != "r1" || e.Prev != "" || len(e.Hash) != 64 {
			t.Fatalf("%+v", e)
		}
		if !strings.HasPrefix(e.UserAgent, "Firefox\uFFFDж") || !strings.HasSuffix(e.UserAgent, "ж…") || len(e.UserAgent) > 512 {
			t.Fatalf("%q", e.UserAgent)
		}
		if r, err := s.j.Check(s.Context(), "o"); err != nil || !r.OK() || r.Entries != 2 || r.Head != got[0].Hash {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

func TestEntryOfARolledBackChangeIsGone(t *testing.T) {
	each(t, func(s setup) {
		s.append("o", "first")
		rolledBack := errors.New("rolled back")
		err := s.db.Tx(s.Context(), func(ctx context.Context) error {
			s.must(s.j.Append(ctx, journal.Entry{Organisation: "o", Action: "never"}))
			return rolledBack
		})
		if !errors.Is(err, rolledBack) {
			t.Fatal(err)
		}
		s.append("o", "second")
		if got := s.list(journal.Filter{Organisation: "o"}); len(got) != 2 || got[0].Action != "second" || got[0].Seq != 2 {
			t.Fatalf("%+v", got)
		}
	})
}

func TestManyWritersMakeOneChainEach(t *testing.T) {
	each(t, func(s setup) {
		var writers sync.WaitGroup
		for w := range 8 {
			writers.Go(func() {
				for i := range 5 {
					organisations := []string{"a", "b", ""}
					if w%2 == 0 { // in opposite orders, as would deadlock
						slices.Reverse(organisations)
					}
					err := s.db.Tx(s.Context(), func(ctx context.Context) error {
						for _, o := range organisations {
							if err := s.j.Append(ctx, journal.Entry{Organisation: o, Action: fmt.Sprint(w, i)}); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		writers.Wait()
		for _, o := range []string{"a", "b", ""} {
			if r, err := s.j.Check(s.Context(), o); err != nil || !r.OK() || r.Entries != 40 {
				t.Errorf("%q: %+v, %v", o, r, err)
			}
		}
		if n := s.db.Stats().Retried; n != 0 {
			t.Errorf("the chains were locked in different orders: %d retries", n)
		}
	})
}

func TestListFilters(t *testing.T) {
	each(t, func(s setup) {
		began := storage.Of(s.clock.Now())
		for i, action := range []string{"member.added", "member.removed", "membership.x", "signin.ok"} {
			s.must(s.j.Append(s.Context(), journal.Entry{Organisation: "o", Action: action, Actor: []string{"anna", "boris"}[i%2]}))
			s.clock.Advance(time.Minute)
		}
		s.append("other", "member.added")
		for name, test := range map[string]struct {
			f    journal.Filter
			want string
		}{
			"all":         {journal.Filter{}, "[4 3 2 1]"},
			"actor":       {journal.Filter{Actor: "boris"}, "[4 2]"},
			"action":      {journal.Filter{Action: "member.removed"}, "[2]"},
			"noun":        {journal.Filter{Action: "member."}, "[2 1]"},
			"from and to": {journal.Filter{From: began.Add(time.Minute), To: began.Add(3 * time.Minute)}, "[3 2]"},
			"page":        {journal.Filter{Limit: 2}, "[4 3]"},
			"next page":   {journal.Filter{Limit: 2, Before: 3}, "[2 1]"},
			"everything":  {journal.Filter{Actor: "anna", Action: "member.", From: began, To: began + 1, Before: 9, Limit: 1000}, "[1]"},
			"injection":   {journal.Filter{Actor: "' OR 1=1 --"}, "[]"},
		} {
			test.f.Organisation = "o"
			seqs := []int64{}
			for _, e := range s.list(test.f) {
				seqs = append(seqs, e.Seq)
			}
			if fmt.Sprint(seqs) != test.want {
				t.Errorf("%s: %v, want %s", name, seqs, test.want)
			}
		}
	})
}

func TestSecretsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSetup(t, storagetest.SQLite(t))
	for _, key := range []string{
		"password", "Password", "new_password", "client_secret", "clientSecret", "accessToken", "refresh-token", "token", "code", "sms_code",
		"otp", "totp.seed", "PIN", "Set-Cookie", "authorization", "code_verifier",
	} {
		err := s.j.Append(s.Context(), journal.Entry{Action: "a", Details: map[string]string{key: "v"}})
		if !errors.Is(err, journal.ErrSecret) || strings.Contains(err.Error(), "\"v\"") {
			t.Errorf("%s: %v", key, err)
		}
	}
	err := s.j.Append(s.Context(), journal.Entry{Action: "a", Details: map[string]string{"note": "got eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln today"}})
	if !errors.Is(err, journal.ErrSecret) {
		t.Errorf("a token as a value: %v", err)
	}
	for _, key := range []string{"token_id", "token_type", "error_code", "region_code", "password_changed", "role", "opinion", "", "код"} {
		s.must(s.j.Append(s.Context(), journal.Entry{Action: "a", Details: map[string]string{key: "v"}}))
	}
	if s.j.Append(s.Context(), journal.Entry{}) == nil {
		t.Error("an entry without action")
	}
	many := map[string]string{}
	for i := range 40 {
		many[fmt.Sprint(i)] = ""
	}
	if s.j.Append(s.Context(), journal.Entry{Action: "a", Details: many}) == nil {
		t.Error("forty details")
	}
}

func TestTamperingInTheDatabaseShows(t *testing.T) {
	each(t, func(s setup) {
		for name, attack := range map[string]struct{ sql, want string }{
			"changed":           {`UPDATE journal SET actor = 'nobody' WHERE organisation = 'X' AND seq = 2`, "hash 2"},
			"changed, rehashed": {`UPDATE journal SET actor = 'nobody', hash = 'f' WHERE organisation = 'X' AND seq = 2`, "hash 2, link 3"},
			"dropped":           {`DELETE FROM journal WHERE organisation = 'X' AND seq = 2`, "gap 3, link 3"},
			"end cut off":       {`DELETE FROM journal WHERE organisation = 'X' AND seq = 3`, "head 2"},
			"head moved back":   {`UPDATE journal_chains SET seq = 2, hash = (SELECT hash FROM journal WHERE organisation = 'X' AND seq = 2) WHERE organisation = 'X'`, "head 3"},
			"head dropped":      {`DELETE FROM journal_chains WHERE organisation = 'X'`, "head 3"},
			"moved here":        {`UPDATE journal SET organisation = 'X', seq = 4 WHERE organisation = 'X-other' AND seq = 1`, "head 4"},
		} {
			o := "chain " + name
			for _, action := range []string{"one", "two", "three"} {
				s.append(o, action)
			}
			s.append(o+"-other", "one")
			s.exec(strings.ReplaceAll(attack.sql, "X", o))
			r, err := s.j.Check(s.Context(), o)
			if s.must(err); codes(r) != attack.want {
				t.Errorf("%s: %s, want %s", name, codes(r), attack.want)
			}
		}
	})
}

// signer signs checkpoints and publishes its key.
type signer struct {
	key  *ecdsa.PrivateKey
	jwks []byte
}

func newSigner(t *testing.T) signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, jwks}
}

func (k signer) sign(_ context.Context, payload []byte) (string, error) {
	return k.signAs("k1", jose.ES256, k.key, payload)
}

func (k signer) signAs(kid string, alg jose.SignatureAlgorithm, key any, payload []byte) (string, error) {
	return k.signTyped("propusk-checkpoint+jws", kid, alg, key, payload)
}

func (k signer) signTyped(typ, kid string, alg jose.SignatureAlgorithm, key any, payload []byte) (string, error) {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", err
	}
	jws, err := s.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

func (s setup) export(organisation string, k signer) string {
	s.Helper()
	var out bytes.Buffer
	s.must(s.j.Export(s.Context(), organisation, &out, k.sign))
	return out.String()
}

func TestExportVerifies(t *testing.T) {
	each(t, func(s setup) {
		k := newSigner(t)
		for i := range 1203 { // several pages
			if i < 1200 && s.db.Engine() == "postgres" && i > 510 {
				continue
			}
			s.append("o", fmt.Sprint("action <", i, ">"))
		}
		var n int64
		s.must(s.db.Get(s.Context(), &n, `SELECT COUNT(*) FROM journal`))
		r, err := journal.Verify(strings.NewReader(s.export("o", k)), k.jwks)
		if s.must(err); !r.OK() || r.Entries != n || r.KeyID != "k1" || r.Organisation != "o" || r.From > r.To {
			t.Fatalf("%+v", r)
		}
		r, err = journal.Verify(strings.NewReader(s.export("nobody", k)), k.jwks)
		if s.must(err); !r.OK() || r.Entries != 0 || r.Organisation != "nobody" {
			t.Fatalf("an empty chain: %+v", r)
		}
	})
}

func TestTamperedExportIsRefused(t *testing.T) {
	t.Parallel()
	s := newSetup(t, storagetest.SQLite(t))
	k := newSigner(t)
	for _, action := range []string{"one", "two", "three"} {
		s.append("o", action)
	}
	whole := s.export("o", k)
	lines := strings.SplitAfter(strings.TrimSuffix(whole, "\n"), "\n")
	shorter := func() string { // an honest export of before, to steal its checkpoint
		other := newSetup(t, storagetest.SQLite(t))
		other.append("o", "one")
		return other.export("o", k)
	}()
	stolen := shorter[strings.LastIndex(strings.TrimSuffix(shorter, "\n"), "\n")+1:]
	var last struct {
		Checkpoint json.RawMessage `json:"checkpoint"`
		JWS        string          `json:"jws"`
	}
	s.must(json.Unmarshal([]byte(lines[3]), &last))
	resigned := func(kid string, alg jose.SignatureAlgorithm, key any) string {
		jws, err := k.signAs(kid, alg, key, last.Checkpoint)
		s.must(err)
		return strings.Join(lines[:3], "") + strings.Replace(lines[3], last.JWS, jws, 1)
	}
	stranger := newSigner(t)
	none := "eyJhbGciOiJub25lIn0." + strings.Split(last.JWS, ".")[1] + "."
	for name, test := range map[string]struct{ export, want string }{
		"untouched":            {whole, ""},
		"changed":              {strings.Replace(whole, `"two"`, `"too"`, 1), "hash 2"},
		"dropped":              {lines[0] + lines[2] + lines[3], "gap 3, link 3"},
		"beginning cut off":    {lines[1] + lines[2] + lines[3], "gap 2, link 2"},
		"swapped":              {lines[1] + lines[0] + lines[2] + lines[3], "gap 2, link 2, gap 1, link 1, gap 3, link 3"},
		"end cut off":          {lines[0] + lines[1] + lines[3], "head 2"},
		"no checkpoint":        {lines[0] + lines[1] + lines[2], "checkpoint 0"},
		"something after it":   {whole + lines[0], "checkpoint 0"},
		"another's checkpoint": {lines[0] + lines[1] + lines[2] + stolen, "head 3"},
		"nothing":              {"", "checkpoint 0"},
		"no JSON":              {"nonsense\n" + whole, "syntax 0"},
		"unknown field":        {`{"entry":null,"x":1}` + "\n" + whole, "syntax 0"},
		"stranger's key":       {resigned("k1", jose.ES256, stranger.key), "signature 0"},
		"unknown key":          {resigned("k2", jose.ES256, k.key), "signature 0"},
		"symmetric":            {resigned("k1", jose.HS256, []byte(strings.Repeat("k", 32))), "signature 0"},
		"alg none":             {strings.Replace(whole, last.JWS, none, 1), "signature 0"},
		"checkpoint's time":    {strings.Replace(whole, `"at":"`+fmt.Sprint(s.clock.Now().Year()), `"at":"1999`, -1), "hash 1, hash 2, hash 3, checkpoint 0"},
	} {
		r, err := journal.Verify(strings.NewReader(test.export), k.jwks)
		if s.must(err); codes(r) != test.want {
			t.Errorf("%s: %s, want %s", name, codes(r), test.want)
		}
	}
	if _, err := journal.Verify(strings.NewReader(whole), []byte("{")); err == nil {
		t.Error("a broken key set is no error")
	}
	if _, err := journal.Verify(strings.NewReader(strings.Repeat("x", 2<<20)), k.jwks); err == nil {
		t.Error("an endless line is no error")
	}
}

func TestExportFailsAloud(t *testing.T) {
	t.Parallel()
	s := newSetup(t, storagetest.SQLite(t))
	s.append("o", "one")
	failure := errors.New("failure")
	err := s.j.Export(s.Context(), "o", &bytes.Buffer{}, func(context.Context, []byte) (string, error) { return "", failure })
	if !errors.Is(err, failure) {
		t.Error(err)
	}
	err = s.j.Export(s.Context(), "o", broken{failure}, newSigner(t).sign)
	if !errors.Is(err, failure) {
		t.Error(err)
	}
	s.db.Close()
	if s.j.Export(s.Context(), "o", &bytes.Buffer{}, newSigner(t).sign) == nil {
		t.Error("no database is no error")
	}
	if _, err := s.j.Check(s.Context(), "o"); err == nil {
		t.Error("no database is no error")
	}
	if _, err := s.j.List(s.Context(), journal.Filter{}); err == nil {
		t.Error("no database is no error")
	}
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

// The hash as doc.go describes it, computed with Python's hashlib.
func TestHashIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	const export = `{"entry":{"organisation":"o","seq":1,"at":"2026-01-02T03:04:05.000006Z","actor":"anna","client":"app","action":"a.b","object":"x","outcome":"ok","details":{"b":"2","а":"1"},"ip":"192.0.2.1","user_agent":"ua","request_id":"r","prev":"","hash":"4b7a240a521a1d8ad43cd526c99995a16063cfd315855edbb7b9c9dca2e2720d"}}`
	k := newSigner(t)
	r, err := journal.Verify(strings.NewReader(export), k.jwks)
	if err != nil {
		t.Fatal(err)
	}
	if codes(r) != "checkpoint 0" { // and nothing of the hash
		t.Fatal(codes(r), r.Problems)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"entry":{"organisation":"o","seq":1}}` + "\n" + `{"checkpoint":{"seq":1},"jws":"a.b.c"}`))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, export []byte) {
		r, err := journal.Verify(bytes.NewReader(export), []byte(`{"keys":[]}`))
		if err == nil && r.OK() {
			t.Fatalf("%q was accepted without a key", export)
		}
	})
}

// The key that signs checkpoints signs tokens too, which anybody can have: none
// of them may pass for the checkpoint of an emptied journal.
func TestTokenIsNoCheckpoint(t *testing.T) {
	t.Parallel()
	k := newSigner(t)
	token, err := k.signTyped("at+jwt", "k1", jose.ES256, k.key, []byte(`{"iss":"https://id.example","sub":"anna"}`))
	if err != nil {
		t.Fatal(err)
	}
	forged := `{"checkpoint":{"organisation":"","seq":0,"hash":"","at":null},"jws":"` + token + `"}` + "\n"
	r, err := journal.Verify(strings.NewReader(forged), k.jwks)
	if err != nil || codes(r) != "signature 0" {
		t.Errorf("%q, %v", codes(r), err)
	}
}

package storage

import (
	"context"
	"errors"
	"testing"
)

var errBusyEngine = errors.New("busy")

func serializationFailure() error { return &failed{fault: fault{retry: true}, err: errBusyEngine} }

func TestRetryGivesUpAndSaysWhy(t *testing.T) {
	t.Parallel()
	db, tries := &DB{}, 0
	err := db.retry(t.Context(), func() error { tries++; return serializationFailure() })
	if tries != attempts || !errors.Is(err, errBusyEngine) || db.counts.retried.Load() != attempts-1 {
		t.Fatalf("%d tries, %v", tries, err)
	}
}

func TestRetryEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	err := (&DB{}).retry(ctx, func() error { tries++; cancel(); return serializationFailure() })
	if tries != 1 || !errors.Is(err, context.Canceled) || !errors.Is(err, errBusyEngine) {
		t.Fatalf("%d tries, %v", tries, err)
	}
}

func TestRetryLeavesOtherErrorsAlone(t *testing.T) {
	t.Parallel()
	tries := 0
	err := (&DB{}).retry(t.Context(), func() error { tries++; return errBusyEngine })
	if tries != 1 || err != errBusyEngine {
		t.Fatalf("%d tries, %v", tries, err)
	}
}

func TestStatementNumbering(t *testing.T) {
	t.Parallel()
	for text, params := range map[string]int{
		`SELECT 1`: 0, `select $1, $2, $1`: 2, `SELECT '$9', "$8", $1 -- $7`: 1, "SELECT $1 -- $7\n, $2": 2, `SELECT 'it''s', $1`: 1,
		`SELECT $2`: -1, `SELECT $1, $3`: -1, `SELECT $0`: -1, `SELECT $`: -1, `SELECT 'x`: -1, `SELECT $123456`: -1,
	} {
		s, err := parseStatement(text)
		if (params < 0) != errors.Is(err, ErrStatement) || (err == nil && s.params != params) {
			t.Errorf("%s: %+v, %v", text, s, err)
		}
	}
	for text, reads := range map[string]bool{
		"\n\tSELECT 1": true, "select\n1": true, "UPDATE t SET a = 1 RETURNING a": false, "WITH a AS (SELECT 1) UPDATE": false, "": false,
	} {
		if s, err := parseStatement(text); err != nil || s.reads != reads {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
	}
}

func FuzzStatement(f *testing.F) {
	f.Add(`SELECT $1, '$2' -- $3`)
	f.Add(`$1$2"`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseStatement(text)
		if (s == nil) == (err == nil) {
			t.Fatalf("%v, %v", s, err)
		}
	})
}

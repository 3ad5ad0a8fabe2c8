package api

import (
	"encoding/json"
	"testing"
)

// TestOnlyProseHasLineFeeds: a letter may have paragraphs; a name, a number or an
// escape sequence for somebody's terminal may not have any control character.
func TestOnlyProseHasLineFeeds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		body string
		ok   bool
	}{
		{`{"letter":"a\n\tb"}`, true}, {`{"change":"a\nb"}`, true}, {`{"change":null}`, true}, {`{"answers":{"q":"a\nb"}}`, true},
		{`{"letter":"a\rb"}`, false}, {`{"letter":"\u001b[2J"}`, false}, {`{"letter":"\u0000"}`, false},
		{`{"name":"a\nb"}`, false}, {`{"name":"a\tb"}`, false}, {`{"name":"ab"}`, true},
	} {
		var into struct {
			Letter  Prose            `json:"letter"`
			Change  Field[Prose]     `json:"change"`
			Answers map[string]Prose `json:"answers"`
			Name    string           `json:"name"`
		}
		members, err := splitObject([]byte(test.body))
		if err == nil {
			err = assign(members, &into, nil)
		}
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", test.body, err)
		}
	}
}

// Attack: a text that reads as another one: a file's name or a person's title turned
// around, words that only programs see. Letters that are joined by marks are let be.
func TestABodyHasNoDisguises(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"акт\u202Efdp.exe": false, "a\u2066b\u2069": false, "\uFEFFакт": false, "см\U000E0041\U000E007F": false, "a\uFFF9b": false, "a\u0000b": false,
		"Café № 5": true, "می\u200Cخواهم": true, "👩\u200D💻": true, "пере\u00ADнос": true,
	} {
		if got := clean(text); got != good {
			t.Errorf("%q: %v", text, got)
		}
		body, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, paragraphs := range []bool{false, true} {
			if got := printable(body, paragraphs); got != good {
				t.Errorf("%q in a body, paragraphs %v: %v", text, paragraphs, got)
			}
		}
	}
}

package api

import "testing"

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

package oauth

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// FuzzParseForm: a form is what net/url reads, and what net/url refuses is none.
func FuzzParseForm(f *testing.F) {
	for _, seed := range []string{
		"", "&", "=", "a=1&b=2", "a=1&a=2&b&a=", "a=%41+b&%d0%b0=%D0%B1", "a=%", "a=%zz", "a;b", "a=1;b=2", "a=b=c", "&&a=1&&",
		strings.Repeat("a=1&", 100), "x=1" + strings.Repeat("&y", 60) + "&x=2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > maxBody {
			return
		}
		got, err := parseForm(text)
		want, refused := url.ParseQuery(text)
		if (err != nil) != (refused != nil) {
			if strings.Count(text, "&") >= 10_000 { // where net/url stops counting
				return
			}
			t.Fatalf("%q: %v, and net/url says %v", text, err, refused)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
		for name, values := range got { // no value reaches into the room of the next
			if first := append(values, "more"); len(values) != len(want[name]) || first[0] != want[name][0] {
				t.Fatalf("%q: %s is %v", text, name, values)
			}
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: a value was written over: %v, want %v", text, got, want)
		}
	})
}

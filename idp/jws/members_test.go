package jws_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4/json"

	"propusk/idp/jws"
)

// read is an object's members, as they stand there.
func read(object string) (map[string]string, error) {
	members := map[string]string{}
	err := jws.Members(object, func(name string, value jws.Value) bool {
		members[name] = string(value)
		return true
	})
	return members, err
}

func TestMembers(t *testing.T) {
	t.Parallel()
	many := make([]string, 40)
	for i := range many {
		many[i] = fmt.Sprintf(`"m%d":%d`, i, i)
	}
	for object, want := range map[string]map[string]string{
		`{}`:                                   {},
		" { } \n":                              {},
		`{"a":1}`:                              {"a": "1"},
		"\t{ \"a\" : -0.5e+7 ,\r\n\"b\":null}": {"a": "-0.5e+7", "b": "null"},
		`{"a":{"b":[1,"]",{}]},"c":[ ]}`:       {"a": `{"b":[1,"]",{}]}`, "c": "[ ]"},
		`{"\u0061":"\ud83d\ude00"}`:            {"a": `"\ud83d\ude00"`},
		`{"A":1,"a":2}`:                        {"A": "1", "a": "2"},
	} {
		if got, err := read(object); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", object, got, err)
		}
	}
	if got, err := read("{" + strings.Join(many, ",") + "}"); err != nil || len(got) != 40 {
		t.Errorf("forty members: %d, %v", len(got), err)
	}
	for _, object := range []string{
		``, `null`, `[]`, `"a"`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{"a":1 "b":2}`, `{a:1}`, `{"a":1}}`, `{"a":1} x`,
		`{"a":01}`, `{"a":+1}`, `{"a":1.}`, `{"a":.5}`, `{"a":1e}`, `{"a":-}`, `{"a":0x1}`, `{"a":NaN}`, `{"a":nul}`, `{"a":True}`,
		"{\"a\":\"\n\"}", `{"a":"\x"}`, `{"a":"\u12g4"}`, `{"a":"\u123`, `{"a":"`, `{"a":"\`, "{\"a\":\"\xff\"}",
		`{"a":"\ud83d"}`, `{"a":"\ude00\ud83d"}`, `{"a":"\ud83dx"}`, `{"a":"\ud83d\u0041"}`,
		`{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, `{"a":{"b":1,"b":2}}`, `{"a":[{"b":1,"b":2}]}`, `{"a":[1,]}`, `{"a":[1 2]}`, `{"a":[}`,
		"{" + strings.Join(many, ",") + `,"m39":0}`,
		`{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
		"{\"a\":1}\x00", "\ufeff{}",
	} {
		if got, err := read(object); err == nil {
			t.Errorf("%s is read as %v", object, got)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	text, number := "before", 1.0
	for _, step := range []struct {
		value  jws.Value
		text   string
		isText bool
		number float64
		isNum  bool
	}{
		{`null`, "before", true, 1, true},
		{`"a\n\u044f"`, "a\nя", true, 1, false},
		{`"plain"`, "plain", true, 1, false},
		{`2.5`, "plain", false, 2.5, true},
		{`-1`, "plain", false, -1, true},
		{`true`, "plain", false, -1, false},
		{`[]`, "plain", false, -1, false},
	} {
		if ok := step.value.Text(&text); ok != step.isText || text != step.text {
			t.Errorf("%s as text: %v, %q", step.value, ok, text)
		}
		if ok := step.value.Number(&number); ok != step.isNum || number != step.number {
			t.Errorf("%s as a number: %v, %v", step.value, ok, number)
		}
	}
	if jws.Value("1e999").Number(new(float64)) {
		t.Error("a number beyond float64 is read")
	}
	if err := jws.Members(`{"a":1}`, func(_ string, v jws.Value) bool { return v.Text(&text) }); err == nil {
		t.Error("what member refuses is taken")
	}
	var list []string
	if !jws.Value(`["a","b"]`).Read(&list) || len(list) != 2 || jws.Value(`{`).Read(&list) {
		t.Errorf("Read reads %v", list)
	}
}

// FuzzMembers: what is read here, go-jose's strict encoding/json reads too, and finds
// the same in it.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{"iss":"c","aud":["x"],"exp":1.5e9,"jti":"\u0061\ud83d\ude00"}`, `{"a":1,"\u0061":2}`, `{"a":{"b":null,"c":[true,false]}}`,
		`{}`, `[]`, `{"a":"\ud83d"}`, "{\"a\":\"\xff\"}", `{"a":01}`, `{"a":-0}`, `{"a":1E400}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, object string) {
		ours, err := read(object)
		if err != nil {
			return
		}
		var theirs map[string]json.RawMessage
		if err := json.Unmarshal([]byte(object), &theirs); err != nil {
			t.Fatalf("%q is read as %q, and go-jose says %v", object, ours, err)
		}
		if len(theirs) != len(ours) {
			t.Fatalf("%q is read as %q, and by go-jose as %q", object, ours, theirs)
		}
		for name, value := range theirs {
			if ours[name] != string(value) {
				t.Fatalf("%q: the member %q is %q, and by go-jose %q", object, name, ours[name], value)
			}
			var text, want string
			if v := jws.Value(ours[name]); v.IsText() && (!v.Text(&text) || json.Unmarshal(value, &want) != nil || text != want) {
				t.Fatalf("%q is the text %q, and by go-jose %q", value, text, want)
			}
		}
	})
}

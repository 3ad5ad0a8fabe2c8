package oauth

import (
	"encoding/json"
	"reflect"
	"testing"
)

// filled sets every field that JSON shows to something, so that a claim which
// the encoder does not know fails the test.
func filled[T any](t *testing.T, fill string) *T {
	t.Helper()
	var out T
	v := reflect.ValueOf(&out).Elem()
	fillFields(t, v, fill)
	return &out
}

func fillFields(t *testing.T, v reflect.Value, fill string) {
	t.Helper()
	for i := range v.NumField() {
		field := v.Field(i)
		switch {
		case !v.Type().Field(i).IsExported():
		case field.Kind() == reflect.String:
			field.SetString(fill + v.Type().Field(i).Name)
		case field.Kind() == reflect.Int64:
			field.SetInt(1<<40 + int64(i))
		case field.Kind() == reflect.Bool:
			field.SetBool(fill != "")
		case field.CanInt():
			field.SetInt(int64(len(fill)))
		case field.Kind() == reflect.Struct:
			fillFields(t, field, fill)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			field.Set(reflect.MakeSlice(field.Type(), 1, 1))
			fillFields(t, field.Index(0), fill)
		case field.Kind() == reflect.Slice:
			field.Set(reflect.ValueOf([]string{fill, "b"}))
		case field.Kind() == reflect.Pointer && field.Type().Elem() == v.Type():
			field.Set(reflect.New(field.Type().Elem())) // one inside the other ends here
			field.Elem().Set(v)
			field.Elem().Field(i).SetZero()
		case field.Kind() == reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
			fillFields(t, field.Elem(), fill)
		default:
			t.Fatalf("the test cannot fill %s", v.Type().Field(i).Name)
		}
	}
}

func wantJSON(t *testing.T, got []byte, of any) {
	t.Helper()
	want, err := json.Marshal(of)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("encoded\n%s, want\n%s", got, want)
	}
}

func TestTokensAreEncodedAsEncodingJSONDoes(t *testing.T) {
	for _, fill := range []string{"", "a", "ООО «Маяк»", `"quoted" \ <b>&`, "tab\tline\u2028", "\xff", "–", "\x7f"} {
		token, response, id := filled[accessToken](t, fill), filled[tokenResponse](t, fill), filled[idToken](t, fill)
		wantJSON(t, token.appendJSON(nil), token)
		wantJSON(t, response.appendJSON(nil), response)
		wantJSON(t, id.appendJSON(nil), id)
		id.Name = fill
		wantJSON(t, id.appendJSON(nil), id)
	}
	wantJSON(t, (&accessToken{}).appendJSON(nil), &accessToken{})
	wantJSON(t, (&accessToken{Audience: []string{}, AMR: []string{}}).appendJSON(nil), &accessToken{Audience: []string{}})
	wantJSON(t, (&accessToken{Roles: []string{}}).appendJSON(nil), &accessToken{Roles: []string{}})
	wantJSON(t, (&accessToken{Organisation: &organisation{}}).appendJSON(nil), &accessToken{Organisation: &organisation{}})
	wantJSON(t, (&tokenResponse{}).appendJSON(nil), &tokenResponse{})
	wantJSON(t, (&idToken{}).appendJSON(nil), &idToken{})
	wantJSON(t, (&idToken{Roles: []string{}}).appendJSON(nil), &idToken{Roles: []string{}})
}

func FuzzAppendText(f *testing.F) {
	for _, seed := range []string{"", "plain", "Ж", "\u2028", "\u2013", "<&>", "\\", "\x00", "\xe2\x80", "\xed\xa0\x80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		wantJSON(t, appendText(nil, text), text)
	})
}

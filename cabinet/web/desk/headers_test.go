package desk

import "testing"

func TestTheNextPageIsReadFromLink(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		"": "",
		`</v1/organization/requests?after=abc%3D&limit=2>; rel="next"`: "abc=",
		`</v1/organization/requests?after=abc>; rel="prev"`:            "",
		`</v1/organization/requests>; rel="next"`:                      "",
		`<%zz>; rel="next"`: "",
		`nonsense`:          "",
	} {
		if got := nextPage(link); got != want {
			t.Errorf("%q: %q, want %q", link, got, want)
		}
	}
}

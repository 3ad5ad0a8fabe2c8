package api

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"propusk/idp/directory"
	"propusk/storage"
)

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// TestEveryProblemIsSaidInBothLanguages, with the same blanks.
func TestEveryProblemIsSaidInBothLanguages(t *testing.T) {
	t.Parallel()
	cyrillic := regexp.MustCompile(`[а-яА-Я]`)
	for code, text := range texts {
		if text.Status < 400 || text.Status > 599 {
			t.Errorf("%s has status %d", code, text.Status)
		}
		for _, pair := range [][2]string{{text.RU.Title, text.EN.Title}, {text.RU.Detail, text.EN.Detail}} {
			if !cyrillic.MatchString(pair[0]) || pair[1] == "" || cyrillic.MatchString(pair[1]) {
				t.Errorf("%s: %q, %q", code, pair[0], pair[1])
			}
			if strings.Join(placeholder.FindAllString(pair[0], -1), "") != strings.Join(placeholder.FindAllString(pair[1], -1), "") {
				t.Errorf("%s has other blanks: %q, %q", code, pair[0], pair[1])
			}
		}
	}
	for code, words := range fieldTexts {
		if !cyrillic.MatchString(words.RU) || words.EN == "" || cyrillic.MatchString(words.EN) {
			t.Errorf("%s: %v", code, words)
		}
	}
}

func TestDirectoryRefusalsHaveCodes(t *testing.T) {
	t.Parallel()
	for err, code := range map[error]string{
		directory.ErrStale: "version_changed", directory.ErrLastAdministrator: "last_administrator",
		directory.ErrForbidden: "act_forbidden", directory.ErrOtherPerson: "invitation_other_person",
		directory.ErrInvitationExpired: "invitation_unusable", directory.ErrInvitationWithdrawn: "invitation_unusable",
		storage.ErrUsed: "invitation_unusable", storage.ErrNotFound: "not_found", storage.ErrExists: "already_exists",
		errors.New("disk full"): "internal", context.Canceled: "request_cancelled",
	} {
		refused := AsRefusal(DirectoryRefusal(err))
		if refused.Code() != code || !errors.Is(refused, err) || !strings.Contains(refused.Error(), err.Error()) {
			t.Errorf("%v: %v", err, refused)
		}
	}
	one := AsRefusal(DirectoryRefusal(&directory.FieldError{Field: "password", Code: "too_short", Args: map[string]any{"min": 12}}))
	book, err := NewBook()
	if err != nil {
		t.Fatal(err)
	}
	problem := book.Problem(context.Background(), one, "en")
	if problem.Status != 422 || problem.Errors[0].Code != "too_short" || problem.Errors[0].Detail != fieldTexts["invalid"].EN {
		t.Errorf("a field fault of an unknown kind: %+v", problem)
	}
}

// TestNoRoomGivesACodeAnotherMeaning, nor brings one without a status.
func TestNoRoomGivesACodeAnotherMeaning(t *testing.T) {
	t.Parallel()
	own := Text{http.StatusConflict, Saying{"а", "б"}, Saying{"a", "b"}}
	for name, room := range map[string]Room{
		"a common code":   {Texts: map[string]Text{"not_found": own}},
		"no status":       {Texts: map[string]Text{"fresh": {}}},
		"a field's words": {FieldTexts: map[string]FieldText{"required": {"а", "a"}}},
	} {
		if _, err := NewBook(room); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	room := Room{Texts: map[string]Text{"fresh": own}, FieldTexts: map[string]FieldText{"size.small": {"мало", "little"}}}
	book, err := NewBook(room)
	if err != nil {
		t.Fatal(err)
	}
	refused := Refuse("fresh").About(FieldFault{Pointer: "/size", Code: "small"})
	problem := book.Problem(context.Background(), refused, "en")
	if problem.Status != http.StatusConflict || problem.Title != "a" || problem.Errors[0].Detail != "little" {
		t.Errorf("%+v", problem)
	}
	if _, err := NewBook(room, room); err == nil {
		t.Error("two rooms share a code")
	}
}

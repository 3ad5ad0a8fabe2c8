package integration

import (
	"testing"

	"propusk/idp/pages"
)

func TestTheRoomFitsTheKit(t *testing.T) {
	t.Parallel()
	kit, err := pages.New(pages.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kit.ExtendRoom(files); err != nil {
		t.Fatal(err)
	}
}

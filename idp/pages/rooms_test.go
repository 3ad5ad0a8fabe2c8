package pages

import "testing"

func TestSizesAreReadAsPeopleDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bytes  int64
		ru, en string
	}{
		{0, "0\u00a0Б", "0\u00a0B"},
		{1023, "1023\u00a0Б", "1023\u00a0B"},
		{1024, "1\u00a0КБ", "1\u00a0KB"},
		{1536, "1,5\u00a0КБ", "1.5\u00a0KB"},
		{10 << 20, "10\u00a0МБ", "10\u00a0MB"},
		{1288490189, "1,2\u00a0ГБ", "1.2\u00a0GB"},
		{5 << 40, "5120\u00a0ГБ", "5120\u00a0GB"},
	} {
		if ru, en := Size("ru", c.bytes), Size("en", c.bytes); ru != c.ru || en != c.en {
			t.Errorf("%d: %q, %q", c.bytes, ru, en)
		}
	}
}

func TestScriptsOfTheRoomsByThemselves(t *testing.T) {
	t.Parallel()
	t.Logf("%s", node(t, nil, "--test", "testdata/rooms.mjs"))
}

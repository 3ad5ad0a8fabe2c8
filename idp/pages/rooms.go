package pages

import (
	"strconv"
	"strings"
	"time"
)

// Attached is one file of a list of files.
type Attached struct {
	Name string
	Size int64  // bytes
	URL  string // where the bytes are; "" = not to be had
	Note string // catalogue key or text under the name
	Tags []Tag
	Acts []Act
}

// Moment is one step of a story that is told from the top: a status that was
// reached, an act of somebody.
type Moment struct {
	Title string // catalogue key or text
	At    time.Time
	Who   string // "" = it happened by itself
	Text  string // catalogue key or text
	Kind  string // "go", "stop", "wait", "info" or ""
	Here  bool   // where things stand now
	Ahead bool   // it has not come yet
}

// sizeUnits are those of Size by language, each 1024 of the one before.
var sizeUnits = map[string][]string{"ru": {"Б", "КБ", "МБ", "ГБ"}, "en": {"B", "KB", "MB", "GB"}}

// Size is a number of bytes as people read it: "1,2 МБ".
func Size(lang string, bytes int64) string {
	units, amount, unit := sizeUnits[lang], float64(bytes), 0
	for amount >= 1024 && unit < len(units)-1 {
		amount, unit = amount/1024, unit+1
	}
	digits := 0
	if amount < 10 && unit > 0 {
		digits = 1
	}
	text := strings.TrimSuffix(strconv.FormatFloat(amount, 'f', digits, 64), ".0")
	if lang == "ru" {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text + "\u00a0" + units[unit]
}

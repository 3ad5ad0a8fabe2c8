package pages

import "time"

// Attached is one file of a list of files.
type Attached struct {
	Name string
	Size string // in words: "1,2 МБ"
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

package report

// Saying is a text for people, in both languages of the house.
type Saying struct {
	RU string `json:"ru"`
	EN string `json:"en"`
}

// In returns the text in lang: English for "en", Russian for everything else.
func (s Saying) In(lang string) string {
	if lang == "en" {
		return s.EN
	}
	return s.RU
}

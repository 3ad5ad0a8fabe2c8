package directory

import "strings"

// browsers and systems are looked for in this order: Edge says that it is
// Chrome, and Chrome that it is Safari.
var (
	browsers = [][2]string{
		{"YaBrowser/", "Yandex Browser"}, {"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
	systems = [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"},
		{"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

// DeviceName is what a person calls a browser: "Firefox, Windows". What the
// browser says of itself is not believed in for anything but this.
func DeviceName(userAgent, lang string) string {
	var parts []string
	for _, list := range [][][2]string{browsers, systems} {
		for _, mark := range list {
			if strings.Contains(userAgent, mark[0]) {
				parts = append(parts, mark[1])
				break
			}
		}
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, ", ")
	case lang == "en":
		return "unknown browser"
	default:
		return "неизвестный браузер"
	}
}

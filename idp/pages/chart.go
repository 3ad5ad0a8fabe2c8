package pages

import (
	"fmt"
	"html/template"
	"strings"
)

// Chart is the component "chart": bars that the server draws, with the same numbers
// in a table for whoever would rather read, or cannot see.
type Chart struct {
	ID    string // of the element, unique on the page
	Title string // what is counted: catalogue key or text
	Text  string // what it comes to, in a sentence
	Label string // what the bars stand for, head of the table's first column: "Месяц"
	Count string // head of its second column: "Отчётов"
	Bars  []Bar
}

// Bar is one bar of a chart.
type Bar struct {
	Short string // under the bar: "я"
	Label string // in the table: "январь 2026"
	Value int
	Kind  string // "" (green), "wait" or "info"
}

// The drawing's measures, in units of its view box.
const (
	chartWide = 242
	chartHigh = 82
	chartText = 20 // below the bars
	chartLeft = 3  // the least height of a bar that counts nothing
)

// bars draws the bars of a chart. The colours are the style sheet's.
func bars(c Chart) template.HTML {
	if len(c.Bars) == 0 {
		return ""
	}
	most := 1
	for _, bar := range c.Bars {
		most = max(most, bar.Value)
	}
	step := float64(chartWide) / float64(len(c.Bars))
	var out strings.Builder
	for i, bar := range c.Bars {
		high := max(chartLeft, float64(bar.Value)*chartHigh/float64(most))
		left := float64(i) * step
		fmt.Fprintf(&out, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`,
			barClass(bar), left+step*0.1, chartHigh-high, step*0.8, high, left+step/2, chartHigh+chartText-4, template.HTMLEscapeString(bar.Short))
	}
	return template.HTML(out.String()) // #nosec G203 -- numbers of ours, a class of ours, and escaped text
}

func barClass(bar Bar) string {
	switch {
	case bar.Value == 0:
		return "none"
	case bar.Kind == "wait" || bar.Kind == "info":
		return bar.Kind
	}
	return "go"
}

// chartBox is the view box of a chart.
func chartBox() string { return fmt.Sprintf("0 0 %d %d", chartWide, chartHigh+chartText) }

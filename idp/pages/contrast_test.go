package pages

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tokens reads the custom properties of the two :root blocks of the style.
func tokens(t *testing.T) (light, dark map[string]string) {
	t.Helper()
	body, err := staticFiles.ReadFile("static/css/1-tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	bright, night, found := strings.Cut(string(body), "prefers-color-scheme: dark")
	if !found {
		t.Fatal("no dark block")
	}
	collect := func(block string) map[string]string {
		out := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(block, -1) {
			out[m[1]] = m[2]
		}
		return out
	}
	return collect(bright), collect(night)
}

// luminance is the relative luminance of WCAG 2.1.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatalf("colour %q: %v", hex, err)
		}
		c := float64(v) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// pairs in use: text on its ground (WCAG 2.1 §1.4.3, 4.5:1).
var texts = map[string][]string{
	"ink":     {"ground", "surface", "quiet", "go-soft", "stop-soft", "wait-soft", "info-soft"},
	"ink-2":   {"ground", "surface", "quiet", "go-soft", "stop-soft", "info-soft"},
	"go":      {"ground", "surface", "quiet", "go-soft", "info-soft"},
	"on-go":   {"go", "go-strong"},
	"stop":    {"ground", "surface", "quiet", "stop-soft"},
	"on-stop": {"stop", "stop-strong"},
	"wait":    {"surface", "wait-soft"},
	"info":    {"surface", "info-soft"},
}

// marks that carry meaning without being text (§1.4.11, 3:1): the focus ring
// around anything, the border of a field or a radio, the edge of a strip.
var marks = map[string][]string{
	"field": {"surface"},
	"focus": {"ground", "surface", "quiet", "go-soft", "info-soft"},
	"ink-2": {"surface", "go-soft"},
	"go":    {"surface", "ground", "go-soft"},
	"stop":  {"surface", "stop-soft"},
	"wait":  {"wait-soft"},
	"info":  {"info-soft"},
}

func TestEveryColourPairHasEnoughContrast(t *testing.T) {
	t.Parallel()
	light, dark := tokens(t)
	for name, scheme := range map[string]map[string]string{"light": light, "dark": dark} {
		for _, rule := range []struct {
			pairs map[string][]string
			least float64
		}{{texts, 4.5}, {marks, 3}} {
			for fore, grounds := range rule.pairs {
				for _, ground := range grounds {
					if scheme[fore] == "" || scheme[ground] == "" {
						t.Fatalf("%s: %s or %s is not defined", name, fore, ground)
					}
					if got := contrast(t, scheme[fore], scheme[ground]); got < rule.least {
						t.Errorf("%s: %s on %s is %.2f:1, want %.1f:1", name, fore, ground, got, rule.least)
					}
				}
			}
		}
	}
}

func TestContrastIsComputedAsWCAGDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#000000", "#ffffff", 21}, {"#777777", "#ffffff", 4.48}, {"#ffffff", "#ffffff", 1}} {
		if got := contrast(t, c.a, c.b); math.Abs(got-c.want) > 0.01 {
			t.Errorf("%s on %s: %.2f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

package pages

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkRender draws pages as the server does, and by html/template alone, with every
// word and address asked for again.
func BenchmarkRender(b *testing.B) {
	kit, err := sharedKit()
	if err != nil {
		b.Fatal(err)
	}
	quick, plain := *kit, *kit
	quick.twice, plain.twice = false, false
	plain.pages = kit.plain
	for _, kind := range []struct {
		name string
		kit  *Kit
	}{{"folded", &quick}, {"plain", &plain}} {
		for _, s := range samples() {
			if s.name != "identify" && s.name != "code by SMS" && s.name != "help" {
				continue
			}
			b.Run(kind.name+"/"+s.name, func(b *testing.B) {
				r := httptest.NewRequest(http.MethodGet, "/signin", nil)
				b.ReportAllocs()
				for b.Loop() {
					if err := kind.kit.Render(httptest.NewRecorder(), r, http.StatusOK, s.page); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

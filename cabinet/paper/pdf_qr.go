package paper

import (
	"fmt"

	"github.com/skip2/go-qrcode"
)

// qr draws the code as squares, sharp at every size, with its quiet zone. Level L
// leaves the modules large: a paper is not a parcel, and what is damaged is refused
// by the signature anyway.
func (s *sheet) qr(x, y float64, text string) error {
	code, err := qrcode.New(text, qrcode.Low)
	if err != nil {
		return fmt.Errorf("paper: QR: %w", err)
	}
	modules := code.Bitmap()
	side := codeSide / float64(len(modules))
	s.pdf.SetFillColor(0, 0, 0)
	for i, line := range modules {
		for from := 0; from < len(line); {
			to := from
			for to < len(line) && line[to] {
				to++
			}
			if to > from {
				s.pdf.Rect(x+float64(from)*side, y+float64(i)*side, float64(to-from)*side, side, "F")
			}
			from = to + 1
		}
	}
	return nil
}

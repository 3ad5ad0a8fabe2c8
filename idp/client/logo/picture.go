package logo

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif"  // the first picture of a moving one
	_ "image/jpeg" // what logos come as
	"image/png"
)

// The bounds of a picture as it comes, and of what is made of it.
const (
	maxFile   = 256 << 10 // bytes
	leastSide = 16        // pixels
	maxSide   = 2048      // pixels: 16 MiB when it is decoded
	side      = 128       // pixels of the longer side, at most
)

// ErrPicture: what came is no picture that could be shown.
var ErrPicture = errors.New("logo: no picture that can be shown")

// redrawn makes a small PNG of a PNG, JPEG or GIF. The size that it says it has is looked
// at before it is decoded, since some bytes can stand for very many pixels.
func redrawn(file []byte) ([]byte, error) {
	if len(file) > maxFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrPicture, maxFile)
	}
	header, _, err := image.DecodeConfig(bytes.NewReader(file))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: no PNG, JPEG or GIF", ErrPicture)
	case min(header.Width, header.Height) < leastSide || max(header.Width, header.Height) > maxSide:
		return nil, fmt.Errorf("%w: %d by %d pixels, each side has %d to %d", ErrPicture, header.Width, header.Height, leastSide, maxSide)
	}
	picture, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%w: it is damaged", ErrPicture)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, shrunk(picture)); err != nil {
		return nil, fmt.Errorf("logo: draw a picture: %w", err)
	}
	return out.Bytes(), nil
}

// shrunk fits a picture into a square of side; a smaller one stays as large as it is.
func shrunk(picture image.Image) *image.RGBA {
	bounds := picture.Bounds()
	from := image.NewRGBA(image.Rect(0, 0, bounds.Dx(), bounds.Dy()))
	draw.Draw(from, from.Bounds(), picture, bounds.Min, draw.Src)
	long := max(bounds.Dx(), bounds.Dy())
	if long <= side {
		return from
	}
	to := image.NewRGBA(image.Rect(0, 0, max(bounds.Dx()*side/long, 1), max(bounds.Dy()*side/long, 1)))
	width, height := to.Rect.Dx(), to.Rect.Dy()
	for y := range height {
		for x := range width {
			to.SetRGBA(x, y, mean(from, image.Rect(
				x*bounds.Dx()/width, y*bounds.Dy()/height, (x+1)*bounds.Dx()/width, (y+1)*bounds.Dy()/height)))
		}
	}
	return to
}

// mean is the colour of an area, whose alpha is in it already.
func mean(from *image.RGBA, area image.Rectangle) color.RGBA {
	var sum [4]int
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := from.Pix[from.PixOffset(area.Min.X, y):from.PixOffset(area.Max.X, y)]
		for i, part := range row {
			sum[i%4] += int(part)
		}
	}
	n := max(area.Dx()*area.Dy(), 1)
	return color.RGBA{uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n), uint8(sum[3] / n)}
}

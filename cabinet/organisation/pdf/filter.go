package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
)

// The bounds of what is unpacked, in bytes.
const (
	maxStream   = 32 << 20
	maxUnpacked = 128 << 20 // of one file
)

var errFilter = errors.New("pdf: a stream is packed in a way that is not read")

// unpacked undoes a stream's filters (ISO 32000-1 §7.4): none, or Flate with its
// predictors. Others are for images, whose bytes nobody runs.
func (f *file) unpacked(o object) ([]byte, error) {
	if _, elsewhere := o.dict["F"]; elsewhere { // the bytes are in another file (§7.3.8.2)
		return nil, errFilter
	}
	filters, parameters := listOf(o.dict["Filter"]), listOf(o.dict["DecodeParms"])
	data := o.stream
	for i, one := range filters {
		which, _ := f.resolve(one).(name)
		if which != "FlateDecode" && which != "Fl" {
			return nil, errFilter
		}
		var err error
		if data, err = f.inflate(data); err != nil {
			return nil, err
		}
		if i < len(parameters) {
			if p, ok := f.resolve(parameters[i]).(dict); ok {
				if data, err = f.unpredict(data, p); err != nil {
					return nil, err
				}
			}
		}
	}
	return data, nil
}

func (f *file) inflate(data []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, errFilter
	}
	defer func() { _ = r.Close() }()
	limit := int64(min(maxStream, f.unpackable))
	out, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(out)) > limit {
		return nil, errBounds
	}
	f.unpackable -= len(out)
	if err != nil && len(out) == 0 { // readers show what came before a fault; so it is looked at
		return nil, errFilter
	}
	return out, nil
}

// unpredict undoes a PNG predictor (§7.4.4.4); TIFF's is not used for what is read
// here.
func (f *file) unpredict(data []byte, p dict) ([]byte, error) {
	predictor := f.number(p["Predictor"], 1)
	if predictor <= 1 {
		return data, nil
	}
	if predictor < 10 {
		return nil, errFilter
	}
	colors, bits, columns := f.number(p["Colors"], 1), f.number(p["BitsPerComponent"], 8), f.number(p["Columns"], 1)
	if colors < 1 || colors > 32 || bits < 1 || bits > 16 || columns < 1 || columns > 1<<20 {
		return nil, errFilter
	}
	pixel, width := max(1, colors*bits/8), (colors*bits*columns+7)/8
	var out []byte
	before := make([]byte, width)
	for len(data) > width {
		row := bytes.Clone(data[1 : width+1])
		if !unfilterRow(data[0], row, before, pixel) {
			return nil, errFilter
		}
		out, before, data = append(out, row...), row, data[width+1:]
	}
	return out, nil
}

// unfilterRow undoes one of the filters of PNG (ISO/IEC 15948 §9.2).
func unfilterRow(filter byte, row, before []byte, pixel int) bool {
	for i := range row {
		var left, corner byte
		if i >= pixel {
			left, corner = row[i-pixel], before[i-pixel]
		}
		switch filter {
		case 0:
		case 1:
			row[i] += left
		case 2:
			row[i] += before[i]
		case 3:
			row[i] += byte((int(left) + int(before[i])) / 2)
		case 4:
			row[i] += paeth(left, before[i], corner)
		default:
			return false
		}
	}
	return true
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	pa, pb, pc := distance(p, a), distance(p, b), distance(p, c)
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

func distance(p int, x byte) int {
	if d := p - int(x); d >= 0 {
		return d
	}
	return int(x) - p
}

func listOf(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

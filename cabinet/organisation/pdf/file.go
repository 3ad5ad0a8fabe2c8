package pdf

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
)

// object is an indirect object, or one of an object stream.
type object struct {
	number int
	value  any
	dict   dict   // the value when it is a dictionary or a stream's
	stream []byte // packed; nil for what is no stream
}

// file is every object that stands in the bytes.
type file struct {
	data       []byte
	tokens     int
	unpackable int
	work       int // bytes that may still be read: an object is read once, but may begin anywhere
	objects    []object
	byNumber   map[int][]int // several of one number: updates, or somebody hides
}

const maxObjects = 200_000

// begins finds every place where an object may begin, wherever it stands.
var begins = regexp.MustCompile(`(\d{1,10})[\x00\t\n\f\r ]+\d{1,5}[\x00\t\n\f\r ]+obj\b`)

// open reads all objects; it fails where it cannot tell what a reader would see.
func open(data []byte) (*file, error) {
	f := &file{data: data, tokens: maxTokens, unpackable: maxUnpacked, work: 8*len(data) + maxStream, byNumber: map[int][]int{}}
	places := begins.FindAllSubmatchIndex(data, maxObjects+1)
	if len(places) > maxObjects {
		return nil, errBounds
	}
	for _, at := range places {
		number, err := strconv.Atoi(string(data[at[2]:at[3]]))
		if err != nil {
			return nil, errSyntax
		}
		if err := f.readObject(number, at[1]); err != nil {
			return nil, err
		}
	}
	if err := f.readTrailers(); err != nil {
		return nil, err
	}
	return f, f.unpackObjects()
}

func (f *file) add(o object) {
	f.byNumber[o.number] = append(f.byNumber[o.number], len(f.objects))
	f.objects = append(f.objects, o)
}

// readObject reads the object after its "obj". What cannot be read is no object:
// no reader could come to it, and bytes of an image may look like a beginning.
func (f *file) readObject(number, from int) error {
	l := &lexer{data: f.data, pos: from, tokens: &f.tokens}
	value, err := l.value(0)
	if spent := f.spend(l.pos - from); spent != nil || errors.Is(err, errBounds) {
		return errBounds
	}
	if err != nil {
		return nil
	}
	o := object{number: number, value: value}
	if o.dict, _ = value.(dict); o.dict != nil {
		if o.stream, err = f.streamAfter(l, o.dict); err != nil {
			return err
		}
	}
	f.add(o)
	return nil
}

// spend takes bytes from the file's work: what makes a reader read the same bytes
// over and over is refused.
func (f *file) spend(n int) error {
	if f.work -= n; f.work < 0 {
		return errBounds
	}
	return nil
}

// streamAfter is the bytes between stream and endstream. The end is looked for,
// and Length believed only where it leads to one: a wrong Length must not hide
// what follows.
func (f *file) streamAfter(l *lexer, d dict) ([]byte, error) {
	l.skipSpace()
	if !bytes.HasPrefix(f.data[l.pos:], []byte("stream")) {
		return nil, nil
	}
	from := l.pos + len("stream")
	switch {
	case bytes.HasPrefix(f.data[from:], []byte("\r\n")):
		from += 2
	case from < len(f.data) && (f.data[from] == '\n' || f.data[from] == '\r'):
		from++
	}
	if length, ok := d["Length"].(float64); ok && length >= 0 && from+int(length) <= len(f.data) {
		end := from + int(length)
		if rest := bytes.TrimLeft(f.data[end:min(end+16, len(f.data))], "\r\n \t"); bytes.HasPrefix(rest, []byte("endstream")) {
			return f.data[from:end], nil
		}
	}
	end := bytes.Index(f.data[from:], []byte("endstream"))
	if end < 0 {
		end = len(f.data) - from
	}
	return f.data[from : from+end], f.spend(end)
}

// readTrailers adds the trailers' dictionaries as objects without a number.
func (f *file) readTrailers() error {
	for at := 0; ; {
		next := bytes.Index(f.data[at:], []byte("trailer"))
		if next < 0 {
			return nil
		}
		at += next + len("trailer")
		if err := f.readObject(-1, at); err != nil {
			return err
		}
	}
}

// unpackObjects reads the objects inside of object streams (§7.5.7), also those
// that no cross reference names.
func (f *file) unpackObjects() error {
	for i := 0; i < len(f.objects); i++ {
		o := f.objects[i]
		if o.stream == nil || !f.hasName(o.dict["Type"], "ObjStm") {
			continue
		}
		data, err := f.unpacked(o)
		if err != nil {
			return err
		}
		if err := f.unpackOne(data, f.number(o.dict["N"], 0), f.number(o.dict["First"], 0)); err != nil {
			return err
		}
	}
	return nil
}

func (f *file) unpackOne(data []byte, n, first int) error {
	if n < 0 || n > maxObjects || first < 0 || first > len(data) || len(f.objects)+n > maxObjects {
		return errBounds
	}
	header := &lexer{data: data[:first], tokens: &f.tokens}
	for range n {
		number, err1 := header.value(0)
		offset, err2 := header.value(0)
		no, ok1 := number.(float64)
		at, ok2 := offset.(float64)
		if err1 != nil || err2 != nil || !ok1 || !ok2 || at < 0 || first+int(at) > len(data) {
			return errSyntax
		}
		l := &lexer{data: data, pos: first + int(at), tokens: &f.tokens}
		value, err := l.value(0)
		if err != nil {
			return err
		}
		if err := f.spend(l.pos - first - int(at)); err != nil {
			return err
		}
		d, _ := value.(dict)
		f.add(object{number: int(no), value: value, dict: d})
	}
	return nil
}

// resolve follows a reference, the last object of its number, and no further.
func (f *file) resolve(v any) any {
	r, ok := v.(reference)
	if !ok {
		return v
	}
	places := f.byNumber[r.number]
	if len(places) == 0 {
		return nil
	}
	return f.objects[places[len(places)-1]].value
}

// all are the objects that a reference may mean, one for each of its number.
func (f *file) all(v any) []object {
	r, ok := v.(reference)
	if !ok {
		d, _ := v.(dict)
		return []object{{value: v, dict: d}}
	}
	var list []object
	for _, i := range f.byNumber[r.number] {
		list = append(list, f.objects[i])
	}
	return list
}

// hasName reports whether a value is the name, or one of several that were given.
func (f *file) hasName(v any, wanted name) bool {
	v = f.resolve(v)
	if v == wanted {
		return true
	}
	for _, one := range listOf(v) {
		if f.resolve(one) == wanted {
			return true
		}
	}
	return false
}

func (f *file) number(v any, standard int) int {
	if n, ok := f.resolve(v).(float64); ok && n > -1<<31 && n < 1<<31 {
		return int(n)
	}
	return standard
}

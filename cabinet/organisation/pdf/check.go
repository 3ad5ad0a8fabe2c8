package pdf

import (
	"bytes"
	"errors"
)

// Fault says why a PDF is not taken. Code is stable: header, tail, encrypted,
// script, action, attachment, media, form, layers, unreadable, too_complex,
// no_pages, blank.
type Fault struct {
	Code   string
	Detail string // for the log; names what was found
}

func (f *Fault) Error() string { return "pdf: " + f.Code + ": " + f.Detail }

func fault(code, detail string) *Fault { return &Fault{code, detail} }

// maxTail is how much may follow the last %%EOF: spaces and a line end.
const maxTail = 64

// maxHead is where the header may begin at the latest (ISO 32000-1 annex H, note
// 13, lets readers look into the first 1024 bytes; a document of record begins
// with it).
const maxHead = 0

// Check returns nil for a PDF that everybody can read and that hides and does
// nothing, a *Fault otherwise. It does not check that the cross reference table is
// right, nor that fonts and images can be drawn.
func Check(data []byte) error {
	if at := bytes.Index(data[:min(len(data), maxHead+8)], []byte("%PDF-")); at != 0 {
		return fault("header", "the file does not begin with %PDF-")
	}
	end := bytes.LastIndex(data, []byte("%%EOF"))
	if end < 0 || len(bytes.TrimSpace(data[end+5:])) > 0 || len(data)-end > maxTail {
		return fault("tail", "the file does not end with its end")
	}
	f, err := open(data)
	switch {
	case errors.Is(err, errBounds):
		return fault("too_complex", err.Error())
	case err != nil:
		return fault("unreadable", err.Error())
	}
	for _, o := range f.objects {
		if found := f.forbidden(o.value, 0); found != nil {
			return found
		}
	}
	return f.readable()
}

// keys are names in a dictionary that mean something hidden or something done.
var keys = map[name]*Fault{
	"JS":               fault("script", "/JS"),
	"JavaScript":       fault("script", "/JavaScript"),
	"AA":               fault("action", "/AA"),
	"EmbeddedFiles":    fault("attachment", "/EmbeddedFiles"),
	"EF":               fault("attachment", "/EF"),
	"RichMediaContent": fault("media", "/RichMediaContent"),
	"XFA":              fault("form", "/XFA"),
	"Encrypt":          fault("encrypted", "/Encrypt"),
	"Collection":       fault("attachment", "/Collection"),
}

// actions are the values of /S that do more than turn to a page or open a link.
var actions = map[name]*Fault{
	"JavaScript":       fault("script", "/S /JavaScript"),
	"Launch":           fault("action", "/S /Launch"),
	"SubmitForm":       fault("action", "/S /SubmitForm"),
	"ImportData":       fault("action", "/S /ImportData"),
	"ResetForm":        fault("action", "/S /ResetForm"),
	"Hide":             fault("action", "/S /Hide"),
	"SetOCGState":      fault("layers", "/S /SetOCGState"),
	"GoToR":            fault("action", "/S /GoToR"),
	"GoToE":            fault("attachment", "/S /GoToE"),
	"Rendition":        fault("media", "/S /Rendition"),
	"Movie":            fault("media", "/S /Movie"),
	"Sound":            fault("media", "/S /Sound"),
	"GoTo3DView":       fault("media", "/S /GoTo3DView"),
	"RichMediaExecute": fault("media", "/S /RichMediaExecute"),
}

// subtypes are the values of /Subtype that are no page content.
var subtypes = map[name]*Fault{
	"FileAttachment": fault("attachment", "/FileAttachment"),
	"RichMedia":      fault("media", "/RichMedia"),
	"Movie":          fault("media", "/Movie"),
	"Sound":          fault("media", "/Sound"),
	"Screen":         fault("media", "/Screen"),
	"3D":             fault("media", "/3D"),
}

// forbidden looks for what is not taken anywhere in a value.
func (f *file) forbidden(v any, depth int) *Fault {
	if depth > maxDepth {
		return fault("too_complex", "nesting")
	}
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			if found := f.forbidden(one, depth+1); found != nil {
				return found
			}
		}
	case dict:
		if found := f.forbiddenHere(v); found != nil {
			return found
		}
		for _, one := range v {
			if found := f.forbidden(one, depth+1); found != nil {
				return found
			}
		}
	}
	return nil
}

func (f *file) forbiddenHere(d dict) *Fault {
	for key := range d {
		if found := keys[key]; found != nil {
			return found
		}
	}
	for key, table := range map[name]map[name]*Fault{"S": actions, "Subtype": subtypes} {
		for _, one := range append(listOf(d[key]), f.resolve(d[key])) {
			if which, ok := f.resolve(one).(name); ok && table[which] != nil {
				return table[which]
			}
		}
	}
	if f.layersHidden(d) {
		return fault("layers", "a layer can be hidden")
	}
	return f.annotationHidden(d)
}

// layersHidden reports whether a configuration of optional content (§8.11.4) hides
// a layer, or could when printed, exported or switched to another configuration.
func (f *file) layersHidden(d dict) bool {
	if off, ok := f.resolve(d["OFF"]).([]any); ok && len(off) > 0 {
		return true
	}
	if f.hasName(d["BaseState"], "OFF") || f.hasName(d["BaseState"], "Unchanged") {
		return true
	}
	if usage, ok := f.resolve(d["AS"]).([]any); ok && len(usage) > 0 {
		if _, configuration := d["Order"]; configuration || f.usageApplication(usage) {
			return true
		}
	}
	others, ok := f.resolve(d["Configs"]).([]any)
	return ok && len(others) > 0
}

// usageApplication tells the list of §8.11.4.5 from the /AS of an annotation,
// which names an appearance.
func (f *file) usageApplication(list []any) bool {
	for _, one := range list {
		if d, ok := f.resolve(one).(dict); ok && d["Event"] != nil {
			return true
		}
	}
	return false
}

// annotationHidden refuses annotations that are there and not shown (§12.5.3: bits
// Hidden and NoView), but for links and pop-ups, which show nothing themselves.
func (f *file) annotationHidden(d dict) *Fault {
	const hidden, noView = 1 << 1, 1 << 5
	if f.resolve(d["Rect"]) == nil || f.hasName(d["Subtype"], "Link") || f.hasName(d["Subtype"], "Popup") {
		return nil
	}
	if f.number(d["F"], 0)&(hidden|noView) != 0 {
		return fault("layers", "a hidden annotation")
	}
	return nil
}

// readable demands pages, of which one at least shows text or a picture, whose
// content can be unpacked.
func (f *file) readable() error {
	pages, shown := 0, false
	for _, o := range f.objects {
		if o.dict == nil || !f.hasName(o.dict["Type"], "Page") {
			continue
		}
		pages++
		for _, content := range f.contents(o.dict["Contents"]) {
			if shown {
				break
			}
			data, err := f.unpacked(content)
			if err != nil {
				return fault("unreadable", "a page's content: "+err.Error())
			}
			shown = f.shows(data)
		}
	}
	switch {
	case pages == 0:
		return fault("no_pages", "no page was found")
	case !shown:
		return fault("blank", "no page shows anything")
	}
	return nil
}

// contents are the streams of a page, of every version of it.
func (f *file) contents(v any) (streams []object) {
	for _, o := range f.all(v) {
		if o.stream != nil {
			streams = append(streams, o)
			continue
		}
		for _, one := range listOf(o.value) {
			for _, part := range f.all(one) {
				if part.stream != nil {
					streams = append(streams, part)
				}
			}
		}
	}
	return streams
}

// shows reports whether a content stream paints text (§9.4.3), a picture or a form
// (§8.8, §8.10), an inline image, or fills a path.
func (f *file) shows(data []byte) bool {
	l := &lexer{data: data, tokens: &f.tokens}
	for {
		v, err := l.value(0)
		if errors.Is(err, errEnd) || errors.Is(err, errBounds) {
			return false
		}
		switch v {
		case keyword("Tj"), keyword("TJ"), keyword("'"), keyword("\""), keyword("Do"), keyword("EI"),
			keyword("f"), keyword("F"), keyword("f*"), keyword("S"), keyword("s"), keyword("B"), keyword("b"):
			return true
		}
	}
}

package signals

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"propusk/storage/outside"
)

// The bounds of what receivers send, in bytes and entries.
const (
	maxBody        = 64 << 10
	maxEvents      = 64
	maxEventType   = 256
	maxDescription = 500
	maxHeader      = 4 << 10
	maxDepth       = 8
)

// configuration is what a receiver may say of a stream (SSF §8.1.1). nil: it says
// nothing.
type configuration struct {
	Events      *[]string
	Description *string
	Delivery    *delivery
}

// delivery is how a stream is delivered.
type delivery struct {
	Method        string
	Endpoint      string
	Authorization *string // nil: not said; "": none
}

// complete makes what is not said the default: no events, no description, polling.
func (c *configuration) complete() {
	if c.Events == nil {
		c.Events = &[]string{}
	}
	if c.Description == nil {
		c.Description = new(string)
	}
	if c.Delivery == nil {
		c.Delivery = &delivery{Method: methodPoll}
	}
}

// configurationBody is a configuration as it is sent. What the transmitter supplies
// may stand there too, as in an answer that was read, and must then be right.
type configurationBody struct {
	StreamID    *string       `json:"stream_id"`
	Issuer      *string       `json:"iss"`
	Audience    *oneOrMany    `json:"aud"`
	Requested   *[]string     `json:"events_requested"`
	Description *string       `json:"description"`
	Delivery    *deliveryBody `json:"delivery"`
}

type deliveryBody struct {
	Method        string  `json:"method"`
	Endpoint      string  `json:"endpoint_url"`
	Authorization *string `json:"authorization_header"`
}

// oneOrMany is a string or a list of them (RFC 7519 §4.1.3).
type oneOrMany []string

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneOrMany) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*o = oneOrMany{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(o))
}

// invalid is what is wrong with a body, for whoever wrote it.
type invalid struct{ what string }

func (i *invalid) Error() string { return i.what }

func wrong(format string, args ...any) error { return &invalid{fmt.Sprintf(format, args...)} }

// decode reads one JSON object of bounded depth into v. Members that are not known
// are passed over, as SSF has it for additions to come.
func decode(body []byte, v any) error {
	if len(body) > maxBody {
		return wrong("the body must have at most %d bytes", maxBody)
	}
	if err := shallow(body); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(v); err != nil {
		return wrong("the body is not the JSON object that it should be: %s", plainly(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return wrong("there is something behind the JSON object")
	}
	return nil
}

// plainly says what is wrong with JSON without a word of Go.
func plainly(err error) string {
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%q must not be a JSON %s", kind.Field, kind.Value)
	}
	return "it does not parse"
}

// plainText reports whether a text can be kept, and looked for, in every database.
func plainText(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// shallow refuses a NUL, what is nested deeper than anything that is asked for, a member
// that stands twice in one object, and what is no object.
func shallow(body []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	var open []map[string]bool // nil: an array
	name := false              // the next text is a name
	for first := true; ; first = false {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return wrong("the body is not JSON")
		}
		if first && token != json.Delim('{') {
			return wrong("the body must be a JSON object")
		}
		if text, ok := token.(string); ok && !plainText(text) {
			return wrong("a text of the body has a NUL")
		}
		switch token {
		case json.Delim('{'):
			open = append(open, map[string]bool{})
		case json.Delim('['):
			open = append(open, nil)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if text, ok := token.(string); ok && name {
				if open[len(open)-1][text] {
					return wrong("the member %q stands there twice", text)
				}
				open[len(open)-1][text] = true
				name = false
				continue
			}
		}
		if len(open) > maxDepth {
			return wrong("the body is nested deeper than %d", maxDepth)
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

// parseConfiguration reads the body of a request to create, update or replace a
// stream; id is the stream_id that it names, "" when it names none.
func (s *Signals) parseConfiguration(clientID string, body []byte) (id string, c configuration, err error) {
	var b configurationBody
	if err := decode(body, &b); err != nil {
		return "", c, err
	}
	switch {
	case b.Issuer != nil && *b.Issuer != s.Issuer:
		return "", c, wrong("iss must be %s, or be left out: it is the transmitter's to set", s.Issuer)
	case b.Audience != nil && !slices.Equal(*b.Audience, oneOrMany{clientID}):
		return "", c, wrong("aud must be the receiver's client_id, or be left out: it is the transmitter's to set")
	case b.Description != nil && len(*b.Description) > maxDescription:
		return "", c, wrong("description must have at most %d bytes", maxDescription)
	}
	if b.StreamID != nil {
		id = *b.StreamID
	}
	if b.Requested != nil {
		if err := checkEvents(*b.Requested); err != nil {
			return "", c, err
		}
		events := delivered(*b.Requested)
		for _, unknown := range *b.Requested { // kept, so that the answer shows what was asked for
			if !slices.Contains(events, unknown) {
				events = append(events, unknown)
			}
		}
		c.Events = &events
	}
	c.Description = b.Description
	if b.Delivery != nil {
		c.Delivery, err = s.parseDelivery(*b.Delivery)
	}
	return id, c, err
}

func checkEvents(requested []string) error {
	if len(requested) > maxEvents {
		return wrong("events_requested must name at most %d events", maxEvents)
	}
	for _, event := range requested {
		if event == "" || len(event) > maxEventType || strings.ContainsRune(event, 0) {
			return wrong("an event of events_requested must be a URI of at most %d bytes", maxEventType)
		}
	}
	return nil
}

// parseDelivery looks at an address when it is registered; where its name leads is
// looked at each time that it is asked (storage/outside).
func (s *Signals) parseDelivery(b deliveryBody) (*delivery, error) {
	d := &delivery{Method: b.Method, Authorization: b.Authorization}
	switch b.Method {
	case methodPoll:
		if b.Endpoint != "" && !strings.HasPrefix(b.Endpoint, s.Issuer+pollPath) {
			return nil, wrong("delivery.endpoint_url must be left out with %s: it is the transmitter's to set", methodPoll)
		}
		d.Authorization = nil
		return d, nil
	case methodPush:
		d.Endpoint = b.Endpoint
	default:
		return nil, wrong("delivery.method must be %s (push) or %s (poll)", methodPush, methodPoll)
	}
	if err := checkEndpoint(b.Endpoint, s.Reach); err != nil {
		return nil, err
	}
	if b.Authorization != nil && !headerValue(*b.Authorization) {
		return nil, wrong("delivery.authorization_header must be a header's value: printable ASCII, at most %d bytes", maxHeader)
	}
	return d, nil
}

func checkEndpoint(endpoint string, reach []netip.Prefix) error {
	if !utf8.ValidString(endpoint) {
		return wrong("delivery.endpoint_url must be a URL")
	}
	if err := outside.CheckURL(endpoint, reach); err != nil {
		return wrong("delivery.endpoint_url cannot be used: %s", strings.TrimPrefix(err.Error(), "outside: "))
	}
	return nil
}

func headerValue(value string) bool {
	if len(value) > maxHeader {
		return false
	}
	return !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' })
}

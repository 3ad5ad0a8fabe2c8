package signals

import (
	"net/http"
)

// configurationAnswer is a stream as its receiver sees it (SSF §8.1.1). The
// Authorization header of pushes is the receiver's secret and is not shown.
type configurationAnswer struct {
	StreamID    string         `json:"stream_id"`
	Issuer      string         `json:"iss"`
	Audience    string         `json:"aud"`
	Delivery    deliveryAnswer `json:"delivery"`
	Supported   []string       `json:"events_supported"`
	Requested   []string       `json:"events_requested"`
	Delivered   []string       `json:"events_delivered"`
	Interval    int            `json:"min_verification_interval"`
	Description string         `json:"description,omitempty"`
}

type deliveryAnswer struct {
	Method   string `json:"method"`
	Endpoint string `json:"endpoint_url"`
}

func (s *Signals) shown(st *stream) configurationAnswer {
	endpoint := st.Endpoint
	if st.Method == methodPoll {
		endpoint = s.Issuer + pollPath + st.ID
	}
	return configurationAnswer{
		StreamID: st.ID, Issuer: s.Issuer, Audience: st.ClientID, Delivery: deliveryAnswer{st.Method, endpoint},
		Supported: supported, Requested: st.Events.V, Delivered: delivered(st.Events.V),
		Interval: verificationInterval, Description: st.Description,
	}
}

func (s *Signals) createStream(w http.ResponseWriter, r *http.Request, receiver Receiver, body []byte) error {
	id, c, err := s.parseConfiguration(receiver.ClientID, body)
	if err != nil {
		return err
	}
	if id != "" {
		return wrong("stream_id is the transmitter's to set; leave it out")
	}
	st, err := s.create(r.Context(), receiver, c)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, s.shown(st))
}

// readStreams answers one stream, or all of the receiver's (SSF §8.1.1.2).
func (s *Signals) readStreams(w http.ResponseWriter, r *http.Request, receiver Receiver, _ []byte) error {
	if id := r.URL.Query().Get("stream_id"); id != "" {
		st, err := s.stream(r.Context(), receiver.ClientID, id)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, s.shown(st))
	}
	list, err := s.streams(r.Context(), receiver.ClientID)
	if err != nil {
		return err
	}
	answer := []configurationAnswer{}
	for i := range list {
		answer = append(answer, s.shown(&list[i]))
	}
	return writeJSON(w, http.StatusOK, answer)
}

func (s *Signals) updateStream(w http.ResponseWriter, r *http.Request, receiver Receiver, body []byte) error {
	return s.changeStream(w, r, receiver, body, func(*configuration) {})
}

// replaceStream: what is not said is deleted (SSF §8.1.1.4).
func (s *Signals) replaceStream(w http.ResponseWriter, r *http.Request, receiver Receiver, body []byte) error {
	return s.changeStream(w, r, receiver, body, (*configuration).complete)
}

func (s *Signals) changeStream(w http.ResponseWriter, r *http.Request, receiver Receiver, body []byte, complete func(*configuration)) error {
	id, c, err := s.parseConfiguration(receiver.ClientID, body)
	if err != nil {
		return err
	}
	if id == "" {
		return wrong("stream_id is needed: which stream is it about?")
	}
	complete(&c)
	st, err := s.change(r.Context(), receiver, id, c)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.shown(st))
}

func (s *Signals) deleteStream(w http.ResponseWriter, r *http.Request, receiver Receiver, _ []byte) error {
	if err := s.remove(r.Context(), receiver, r.URL.Query().Get("stream_id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// statusBody is a status, as it is sent and answered (SSF §8.1.2).
type statusBody struct {
	StreamID string `json:"stream_id"`
	Status   string `json:"status"`
	Reason   string `json:"reason,omitempty"`
}

// maxReason bounds what a receiver says of its wish, in bytes.
const maxReason = 500

func (s *Signals) readStatus(w http.ResponseWriter, r *http.Request, receiver Receiver, _ []byte) error {
	st, err := s.stream(r.Context(), receiver.ClientID, r.URL.Query().Get("stream_id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, statusBody{st.ID, st.Status, st.Reason})
}

func (s *Signals) writeStatus(w http.ResponseWriter, r *http.Request, receiver Receiver, body []byte) error {
	var b statusBody
	if err := decode(body, &b); err != nil {
		return err
	}
	if b.Status != enabled && b.Status != paused && b.Status != disabled {
		return wrong("status must be %s, %s or %s", enabled, paused, disabled)
	}
	if len(b.Reason) > maxReason {
		return wrong("reason must have at most %d bytes", maxReason)
	}
	st, err := s.setStatus(r.Context(), receiver, b.StreamID, b.Status, b.Reason)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, statusBody{st.ID, st.Status, st.Reason})
}

func (s *Signals) addSubject(w http.ResponseWriter, r *http.Request, receiver Receiver, body []byte) error {
	id, sel, err := s.parseSubject(body)
	if err == nil {
		err = s.include(r.Context(), receiver, id, sel)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Signals) removeSubject(w http.ResponseWriter, r *http.Request, receiver Receiver, body []byte) error {
	id, sel, err := s.parseSubject(body)
	if err == nil {
		err = s.exclude(r.Context(), receiver, id, sel)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// verificationBody asks for a verification event (SSF §8.1.4.2).
type verificationBody struct {
	StreamID string `json:"stream_id"`
	State    string `json:"state"`
}

// maxState bounds what is echoed, in bytes.
const maxState = 1 << 10

func (s *Signals) requestVerification(w http.ResponseWriter, r *http.Request, receiver Receiver, body []byte) error {
	var b verificationBody
	if err := decode(body, &b); err != nil {
		return err
	}
	if len(b.State) > maxState {
		return wrong("state must have at most %d bytes", maxState)
	}
	if err := s.verify(r.Context(), receiver, b.StreamID, b.State); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// metadata describes the transmitter (SSF §7.1).
type metadata struct {
	SpecVersion     string              `json:"spec_version"`
	Issuer          string              `json:"issuer"`
	JWKSURI         string              `json:"jwks_uri"`
	Methods         []string            `json:"delivery_methods_supported"`
	Configuration   string              `json:"configuration_endpoint"`
	Status          string              `json:"status_endpoint"`
	AddSubject      string              `json:"add_subject_endpoint"`
	RemoveSubject   string              `json:"remove_subject_endpoint"`
	Verification    string              `json:"verification_endpoint"`
	Critical        []string            `json:"critical_subject_members"`
	Schemes         []map[string]string `json:"authorization_schemes"`
	DefaultSubjects string              `json:"default_subjects"`
	Events          []string            `json:"events_supported"`
}

func (s *Signals) readMetadata(w http.ResponseWriter, _ *http.Request) {
	at := func(path string) string { return s.Issuer + path }
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_ = writeJSON(w, http.StatusOK, metadata{
		SpecVersion: "1_0", Issuer: s.Issuer, JWKSURI: at("/oauth2/jwks"), Methods: []string{methodPush, methodPoll},
		Configuration: at(streamsPath), Status: at(statusPath), AddSubject: at(addPath), RemoveSubject: at(removePath),
		Verification: at(verifyPath), Critical: []string{"user", "tenant", "session"},
		Schemes:         []map[string]string{{"spec_urn": "urn:ietf:rfc:6749"}},
		DefaultSubjects: "ALL", Events: supported,
	})
}

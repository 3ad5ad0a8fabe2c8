package signals

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"propusk/storage"
)

// The scopes of receivers (CAEP Interoperability Profile 1.0 §2.7.3). Reading is
// reading what is configured; events are taken with either.
const (
	ScopeRead   = "ssf.read"
	ScopeManage = "ssf.manage"
)

// WellKnown is where a receiver begins (SSF §7.2); the rest lies beneath /ssf/.
const (
	WellKnown   = "/.well-known/ssf-configuration"
	streamsPath = "/ssf/streams"
	statusPath  = "/ssf/status"
	addPath     = "/ssf/subjects:add"
	removePath  = "/ssf/subjects:remove"
	verifyPath  = "/ssf/verify"
	pollPath    = "/ssf/poll/"
)

// handle is an endpoint for a receiver that is known.
type handle func(w http.ResponseWriter, r *http.Request, receiver Receiver, body []byte) error

// budgets are how many requests of a kind one client may make in a minute.
const (
	manageBudget = 120
	changeBudget = 20 // each may begin a push anew
	pollBudget   = 600
)

// Handler serves every route of the transmitter, in the order in which a receiver
// meets them.
func (s *Signals) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+WellKnown, s.readMetadata)

	mux.Handle("POST "+streamsPath, s.route("manage", manageBudget, s.createStream, ScopeManage))
	mux.Handle("GET "+streamsPath, s.route("manage", manageBudget, s.readStreams, ScopeRead, ScopeManage))
	mux.Handle("PATCH "+streamsPath, s.route("change", changeBudget, s.updateStream, ScopeManage))
	mux.Handle("PUT "+streamsPath, s.route("change", changeBudget, s.replaceStream, ScopeManage))
	mux.Handle("DELETE "+streamsPath, s.route("manage", manageBudget, s.deleteStream, ScopeManage))
	mux.Handle("GET "+statusPath, s.route("manage", manageBudget, s.readStatus, ScopeRead, ScopeManage))
	mux.Handle("POST "+statusPath, s.route("change", changeBudget, s.writeStatus, ScopeManage))
	mux.Handle("POST "+addPath, s.route("manage", manageBudget, s.addSubject, ScopeManage))
	mux.Handle("POST "+removePath, s.route("manage", manageBudget, s.removeSubject, ScopeManage))
	mux.Handle("POST "+verifyPath, s.route("manage", manageBudget, s.requestVerification, ScopeManage))

	mux.Handle("POST "+pollPath+"{stream}", s.route("poll", pollBudget, s.readPoll, ScopeRead, ScopeManage))
	return mux
}

// route answers for a receiver with one of the scopes, so often in a minute.
func (s *Signals) route(budget string, most int64, answer handle, scopes ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		receiver, ok := s.Clients.Receiver(w, r, scopes...)
		if !ok {
			return
		}
		err := s.spend(r, budget, receiver, most)
		var body []byte
		if err == nil {
			body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		}
		if err == nil {
			err = answer(w, r, receiver, body)
		}
		if err != nil {
			s.refuse(w, r, receiver, err)
		}
	})
}

// spent is what a client has to wait for until its next minute.
type spent struct{ left time.Duration }

func (*spent) Error() string { return "signals: too many requests" }

func (s *Signals) spend(r *http.Request, budget string, receiver Receiver, most int64) error {
	n, left, err := s.Ephemeral.Incr(r.Context(), "signals/"+budget+"/"+receiver.ClientID, time.Minute)
	if err != nil {
		return err
	}
	if n > most {
		return &spent{left}
	}
	return nil
}

// errorAnswer is a refusal, in the words of RFC 6749 §5.2.
type errorAnswer struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// refuse says what is wrong and what to do. A fault of ours is for the log.
func (s *Signals) refuse(w http.ResponseWriter, r *http.Request, receiver Receiver, err error) {
	status, answer := http.StatusInternalServerError, errorAnswer{"server_error", "something went wrong here; try again later"}
	if bad, ok := errors.AsType[*invalid](err); ok {
		status, answer = http.StatusBadRequest, errorAnswer{"invalid_request", bad.what}
	}
	if over, ok := errors.AsType[*spent](err); ok {
		w.Header().Set("Retry-After", strconv.Itoa(int(over.left.Seconds())+1))
		status, answer = http.StatusTooManyRequests, errorAnswer{"too_many_requests", "wait until the time of Retry-After is over"}
	}
	switch {
	case errors.Is(err, storage.ErrNotFound):
		status, answer = http.StatusNotFound, errorAnswer{"stream_not_found", "the receiver has no stream of that stream_id"}
	case errors.Is(err, errTooMany):
		status, answer = http.StatusConflict, errorAnswer{"too_many_streams", fmt.Sprintf("the receiver has %d streams; delete one or change it", maxStreams)}
	case errors.Is(err, errManySubjs):
		status, answer = http.StatusConflict, errorAnswer{"too_many_subjects", fmt.Sprintf("%d subjects are taken out of the stream; delete it, or take fewer out", maxSubjects)}
	case errors.Is(err, errIsDisabled):
		status, answer = http.StatusConflict, errorAnswer{"stream_disabled", "enable the stream at the status endpoint first"}
	case errors.Is(err, errTooOften):
		w.Header().Set("Retry-After", strconv.Itoa(verificationInterval))
		status, answer = http.StatusTooManyRequests, errorAnswer{"too_many_requests", fmt.Sprintf("min_verification_interval is %d seconds", verificationInterval)}
	case r.Context().Err() != nil:
		return // nobody waits for an answer
	}
	if status == http.StatusInternalServerError {
		s.Log.ErrorContext(r.Context(), "a receiver's request failed", "client", receiver.ClientID, "path", r.URL.Path, "error", err)
	}
	_ = writeJSON(w, status, answer)
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a receiver that has gone needs no answer
	return nil
}

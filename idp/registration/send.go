package registration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/storage"
	"propusk/storage/jobs"
)

// sendJob sends the codes of a registration.
const sendJob = "registration/send"

// order is the job's payload.
type order struct {
	ID       string   `json:"id"`
	Channels []string `json:"channels"`
}

// enqueue has the codes sent by a job, a moment later: what it finds out, and
// how long that takes, is nothing to whoever waits for the answer.
func (s *Server) enqueue(ctx context.Context, id string, channels ...string) error {
	options := jobs.Options{MaxAttempts: 3}
	if s.deps.Jitter > 0 {
		options.RunAt = s.deps.Now().Add(rand.N(s.deps.Jitter)) // #nosec G404 -- hides a difference of milliseconds, no secret
	}
	return jobs.Enqueue(ctx, s.deps.DB, sendJob, order{ID: id, Channels: channels}, options)
}

// send is the job.
func (s *Server) send(ctx context.Context, job jobs.Job) error {
	var o order
	if err := job.Decode(&o); err != nil {
		return err
	}
	r, err := s.deps.Directory.RegistrationByID(ctx, o.ID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && r.State != directory.RegistrationOpen {
		return nil // over before its turn came
	}
	if err != nil {
		return err
	}
	for _, channel := range o.Channels {
		if err := s.sendTo(ctx, r, channel); err != nil {
			return err
		}
	}
	return nil
}

// sendTo sends the code, or tells the holder of an account that he has one. A
// contact that gets too much gets nothing more for a while, whoever asks.
func (s *Server) sendTo(ctx context.Context, r directory.Registration, channel string) error {
	to := r.Applicant.Email
	if channel == directory.ChannelSMS {
		to = r.Applicant.Phone
	}
	holder, err := s.deps.Directory.ContactHolder(ctx, channel, to)
	if err != nil {
		return err
	}
	if holder != "" {
		s.metrics.WithLabelValues("known").Inc()
	}
	within, err := s.within(ctx, to)
	if err != nil {
		return err
	}
	if !within {
		to = ""
		s.metrics.WithLabelValues("limited").Inc()
	}
	_, err = s.deps.Codes.Send(ctx, factor.CodeRequest{
		Guess: guess(r.ID), Purpose: factor.ForRegistration, Channel: channel, To: to, Application: s.deps.Name,
		AttemptID: attempt(r.ID, channel), Lang: r.Applicant.Locale, Taken: holder != "",
	})
	if errors.Is(err, factor.ErrBusy) {
		return nil // the one of a moment ago is under way
	}
	return err
}

// attempt is what a code of the registration is bound to.
func attempt(id, channel string) string { return "registration/" + id + "/" + channel }

// guess counts failures for each registration by itself: who fails in his own
// does not hinder another with the same contact.
func guess(id string) factor.Guess { return factor.Guess{Login: "registration/" + id} }

// within counts the messages to a contact, by its digest.
func (s *Server) within(ctx context.Context, contact string) (bool, error) {
	sum := sha256.Sum256([]byte(contact))
	within, err := s.counted(ctx, "registration/contact/"+hex.EncodeToString(sum[:]), s.deps.PerHour)
	if err != nil || !within || !abroad(contact) {
		return within, err
	}
	return s.counted(ctx, "registration/abroad", s.deps.Abroad)
}

// abroad tells a phone of another country from ours and from a mailbox. There are
// countries where whoever owns the number earns by each message to it: any number may be
// typed here, so that all of them together have a bound.
func abroad(contact string) bool {
	return strings.HasPrefix(contact, "+") && !strings.HasPrefix(contact, "+7") && !strings.Contains(contact, "@")
}

// counted counts one more of an hour, and tells whether it is among the first most.
func (s *Server) counted(ctx context.Context, key string, most int) (bool, error) {
	n, _, err := s.deps.Ephemeral.Incr(ctx, key, time.Hour)
	if err != nil {
		return false, fmt.Errorf("count messages: %w", err)
	}
	return n <= int64(most), nil
}

package recovery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/session"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
)

// sendJob finds out whom a recovery names and writes to him.
const sendJob = "recovery/send"

// order is the job's payload.
type order struct {
	ID string `json:"id"`
}

// enqueue leaves a recovery to the job, a moment later: what it finds out, and
// how long that takes, is nothing to whoever waits for the answer.
func (s *Server) enqueue(ctx context.Context, id string) error {
	options := jobs.Options{MaxAttempts: 3}
	if s.deps.Jitter > 0 {
		options.RunAt = s.deps.Now().Add(rand.N(s.deps.Jitter)) // #nosec G404 -- hides a difference of milliseconds, no secret
	}
	return jobs.Enqueue(ctx, s.deps.DB, sendJob, order{ID: id}, options)
}

// send is the job: the first message of a recovery, or another code of it.
func (s *Server) send(ctx context.Context, job jobs.Job) error {
	var o order
	if err := job.Decode(&o); err != nil {
		return err
	}
	r, err := s.deps.Directory.RecoveryByID(ctx, o.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case r.State == directory.RecoveryAsked:
		return s.sendFirst(ctx, r)
	case r.State == directory.RecoverySent && r.Channel == directory.ChannelSMS:
		return s.sendCode(ctx, r, r.PersonID)
	}
	return nil
}

// sendFirst decides what becomes of an asked recovery. The code goes out after
// the decision is kept: it cannot be taken back with it.
func (s *Server) sendFirst(ctx context.Context, r directory.Recovery) error {
	found, outcome, err := s.find(ctx, r)
	if err != nil {
		return err
	}
	s.metrics.WithLabelValues(outcome).Inc()
	if outcome == "sent" {
		err = s.deps.Directory.SendRecovery(ctx, r.ID, found)
	} else {
		err = s.deps.Directory.MissRecovery(ctx, r.ID)
	}
	if err != nil || r.Channel != directory.ChannelSMS {
		return passOver(err)
	}
	return s.sendCode(ctx, r, found.Person.ID)
}

// passOver forgives what another run of the job has done before.
func passOver(err error) error {
	if errors.Is(err, directory.ErrRecoveryOver) {
		return nil
	}
	return err
}

// find says whom the recovery names and whether he is to be written to: sent,
// nobody, blocked (who is told so), limited. found is empty but for sent.
func (s *Server) find(ctx context.Context, r directory.Recovery) (found directory.Recovering, outcome string, err error) {
	found, err = s.deps.Directory.Recovering(ctx, r.ID)
	blocked := errors.Is(err, directory.ErrBlocked)
	if errors.Is(err, storage.ErrNotFound) && !blocked {
		return directory.Recovering{}, "nobody", nil
	}
	if err != nil && !blocked {
		return directory.Recovering{}, "", err
	}
	outcome, err = s.within(ctx, found)
	if blocked && outcome == "sent" {
		outcome, err = "blocked", s.deps.Directory.TellBlocked(ctx, found.Person)
	}
	if outcome != "sent" {
		found = directory.Recovering{}
	}
	return found, outcome, err
}

// within counts the recoveries of one person: those that one address asks for,
// so that a stranger cannot use up the owner's, and all of them, so that nobody
// is buried in messages.
func (s *Server) within(ctx context.Context, found directory.Recovering) (outcome string, err error) {
	key := "recovery/person/" + found.Person.ID
	here, _, err := s.deps.Ephemeral.Incr(ctx, key+"/"+found.From, time.Hour)
	if err != nil {
		return "", fmt.Errorf("count recoveries: %w", err)
	}
	if here > int64(s.deps.PerHour) {
		return "limited", nil
	}
	all, _, err := s.deps.Ephemeral.Incr(ctx, key, 24*time.Hour)
	if err != nil {
		return "", fmt.Errorf("count recoveries: %w", err)
	}
	if all > int64(s.deps.PerDay) {
		return "limited", nil
	}
	return "sent", nil
}

// sendCode sends the code of an SMS, or does as much for nobody ("").
func (s *Server) sendCode(ctx context.Context, r directory.Recovery, personID string) error {
	request := factor.CodeRequest{
		Guess: guess(r.ID), Purpose: factor.ForRecovery, Channel: directory.ChannelSMS,
		Application: s.deps.Name, AttemptID: attempt(r.ID), Lang: "ru",
	}
	if r.Kind == directory.RecoverPIN {
		request.Purpose = factor.ForPIN
	}
	if personID != "" {
		p, err := s.deps.Directory.Person(ctx, personID)
		if err != nil {
			return err
		}
		request.To, request.Lang = p.Phone, p.Locale
	}
	_, err := s.deps.Codes.Send(ctx, request)
	if errors.Is(err, factor.ErrBusy) {
		return nil // the one of a moment ago is under way
	}
	return err
}

// attempt is what the first code of a recovery is bound to.
func attempt(id string) string { return "recovery/" + id }

// guess counts failures for each recovery by itself: who fails in his own does
// not hinder the owner's.
func guess(id string) factor.Guess { return factor.Guess{Login: "recovery/" + id} }

// wakeEvery is how often waiting recoveries are looked through.
const wakeEvery = time.Minute

// Wake sends the links of recoveries whose waiting is over, and ends those whose
// time is. A job calls it by itself.
func (s *Server) Wake(ctx context.Context) error {
	woken, err := s.deps.Directory.WakeRecoveries(ctx, s.deps.Timing.Woken, s.signedInSince)
	s.metrics.WithLabelValues("woken").Add(float64(woken))
	return errors.Join(err, s.deps.Directory.SweepRecoveries(ctx))
}

// signedInSince reports whether the person has proved a factor other than the
// password at a sign-in since the recovery was begun. Then it is not lost, and
// whoever waits for the link may be somebody else.
func (s *Server) signedInSince(ctx context.Context, r directory.Recovery) (bool, error) {
	filter := journal.Filter{Actor: r.PersonID, Action: "signin.", From: r.CreatedAt, Limit: 500}
	for {
		entries, err := s.deps.Journal.List(ctx, filter)
		if err != nil {
			return false, fmt.Errorf("look for sign-ins: %w", err)
		}
		for _, e := range entries {
			if e.Outcome == "accepted" && e.Action != "signin."+string(session.Password) {
				return true, nil
			}
			filter.Before = e.Seq
		}
		if len(entries) < filter.Limit {
			return false, nil
		}
	}
}

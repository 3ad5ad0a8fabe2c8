package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
)

// addressJob finds whom a backchannel request is for, and tells the person.
const addressJob = "oauth.ciba_address"

// addressNotice is its payload; the hint is sealed, for people put СНИЛС there.
type addressNotice struct {
	ID     string `json:"id"`
	Sealed []byte `json:"sealed"`
}

// addressee is whom a client asked for: by a login, or as an ID token names him.
type addressee struct {
	Login   string `json:"login,omitempty"`
	Subject string `json:"subject,omitempty"`
}

func addressContext(id string) string { return "oauth/ciba-address/" + id }

// address is the job. A request for nobody stays as it is until it expires.
func (p *Provider) address(ctx context.Context, job jobs.Job) error {
	var notice addressNotice
	if err := job.Decode(&notice); err != nil {
		return err
	}
	w, err := p.Waiting(ctx, notice.ID)
	if errors.Is(err, ErrWaitingOver) {
		return nil
	}
	if err != nil {
		return err
	}
	plain, err := p.deps.Sealer.Open(notice.Sealed, addressContext(w.ID))
	if err != nil {
		return jobs.Permanent(fmt.Errorf("open a hint: %w", err))
	}
	var whom addressee
	if err := json.Unmarshal(plain, &whom); err != nil {
		return jobs.Permanent(fmt.Errorf("read a hint: %w", err))
	}
	person, err := p.addressed(ctx, w, whom)
	if errors.Is(err, storage.ErrNotFound) {
		p.metrics.waited(waitingCIBA, "nobody")
		return nil
	}
	if err != nil {
		return err
	}
	return p.bring(ctx, w, person)
}

// addressed is the person whom the client may ask; storage.ErrNotFound for nobody.
func (p *Provider) addressed(ctx context.Context, w *Waiting, whom addressee) (directory.Person, error) {
	if whom.Subject != "" { // he has signed in at the client
		person, err := p.deps.Directory.Person(ctx, whom.Subject)
		if err == nil && person.Status != directory.StatusActive {
			err = storage.ErrNotFound
		}
		return person, err
	}
	found, err := p.deps.Directory.Resolve(ctx, whom.Login)
	if err != nil {
		return directory.Person{}, err
	}
	client, err := p.client(ctx, w.Request.ClientID)
	if err != nil || client.OrganisationID == "" {
		return found.Person, err
	}
	// The client of an organisation asks those alone who act for it: nobody has the
	// house write to strangers.
	_, err = p.standing(ctx, found.Person.ID, client.OrganisationID)
	return found.Person, err
}

// FollowRequests has fn told of each backchannel request that is put before a person,
// beside the message that he gets, in the transaction that writes that message: the
// cabinet shows it, and wakes his devices. id is the request's, the same should it be
// told twice. Call it before requests are served; the last call counts.
func (p *Provider) FollowRequests(fn func(ctx context.Context, id string, person directory.Person, asked directory.Request) error) {
	p.asked = fn
}

// bring puts the request before the person. Beyond what one person can bear it is
// dropped without a word.
func (p *Provider) bring(ctx context.Context, w *Waiting, person directory.Person) error {
	if w.PersonID == "" {
		err := p.takeSlot(ctx, w, person.ID)
		if errors.Is(err, errNoSlot) {
			p.metrics.waited(waitingCIBA, "dropped")
			return nil
		}
		if err != nil {
			return err
		}
		w.PersonID, w.Request.HintSubject = person.ID, person.ID
		if err := p.putWaiting(ctx, w); err != nil {
			return err
		}
	}
	asked := directory.Request{
		Client: w.Request.ClientName, ClientEN: w.Request.ClientNameEN, BindingMessage: w.BindingMessage,
		Path: ConfirmationsPath + "/" + w.ID, Expires: w.ExpiresAt,
	}
	return p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		if err := p.deps.Directory.TellRequest(ctx, person, asked); err != nil {
			return err
		}
		if p.asked != nil {
			if err := p.asked(ctx, w.ID, person, asked); err != nil {
				return fmt.Errorf("tell of a request: %w", err)
			}
		}
		return p.deps.Journal.Append(ctx, journal.Entry{
			Actor: person.ID, Client: w.Request.ClientID, Action: "ciba.requested", Object: person.ID, Outcome: "success",
		})
	})
}

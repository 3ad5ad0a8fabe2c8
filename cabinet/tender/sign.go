package tender

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
)

const (
	// maxForm bounds the application as it is signed, in bytes.
	maxForm = 1 << 20
	// patience bounds one verification, turnWait the wait for its turn.
	patience = 25 * time.Second
	turnWait = 2 * time.Second
)

// errVerifier: signatures cannot be judged now.
var errVerifier = errors.New("tender: signatures cannot be verified")

// refusedError is a signature that was judged and refused.
type refusedError struct{ verdict signature.Verdict }

func (e *refusedError) Error() string {
	return "tender: signature refused: " + string(e.verdict.Code)
}

// findingError is a finding that stops.
type findingError struct{ found Finding }

func (e *findingError) Error() string { return "tender: " + e.found.Code }

// Sign takes one detached signature over the application, which names every file with
// its digest: the application and its files are signed in one go. Nothing is kept
// unless it is accepted, its owner may sign for the organisation, and nothing has
// changed meanwhile.
func (t *Tenders) Sign(ctx context.Context, actor directory.Actor, organisationID, id string, cms []byte) (Application, error) {
	a, err := t.Get(ctx, organisationID, id)
	if err != nil {
		return a, err
	}
	if a.State != Draft {
		return a, errState
	}
	found, err := t.Check(ctx, a)
	if err != nil {
		return a, err
	}
	if one := stop(found); one != nil {
		return a, &findingError{*one}
	}
	content, err := a.document()
	if err != nil {
		return a, err
	}
	mark, err := t.judge(ctx, cms, content)
	if err != nil {
		return a, err
	}
	saved, err := t.Files.SaveOurs(ctx, organisationID, a.documentName(), file.XML, maxForm, bytes.NewReader(content))
	if err != nil {
		return a, fmt.Errorf("tender: keep what is signed: %w", err)
	}
	return t.change(ctx, actor, organisationID, id, a.Version, directory.TendersSign, func(ctx context.Context, now *Application, by directory.Authority) error {
		return t.signed(ctx, actor, now, by, mark, saved)
	})
}

// judge has a signature verified over the bytes, before any transaction: a revocation
// list may take its time.
func (t *Tenders) judge(ctx context.Context, cms, content []byte) (Mark, error) {
	timer := time.NewTimer(turnWait)
	defer timer.Stop()
	select {
	case t.judging <- struct{}{}:
		defer func() { <-t.judging }()
	case <-timer.C:
		return Mark{}, signature.ErrBusy
	case <-ctx.Done():
		return Mark{}, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	der := signature.Decode(cms)
	verdict, err := t.Verifier.Verify(ctx, signature.Request{Signature: der, Content: content})
	switch {
	case err != nil:
		return Mark{}, fmt.Errorf("%w: %w", errVerifier, err)
	case !verdict.Accepted || verdict.Subject == nil || verdict.Certificate == nil:
		return Mark{}, &refusedError{verdict}
	}
	return Mark{Signer: verdict.Subject.Owner(), Fingerprint: verdict.Certificate.Fingerprint, CMS: der, Verdict: verdict, At: storage.Of(t.Now())}, nil
}

func (t *Tenders) signed(ctx context.Context, actor directory.Actor, a *Application, by directory.Authority, mark Mark, saved file.File) error {
	if a.State != Draft {
		return errState
	}
	if err := t.Directory.MaySign(ctx, actor, by, a.OrganisationID, *mark.Verdict.Subject); err != nil {
		return err
	}
	if err := t.Files.Keep(ctx, a.OrganisationID, a.owner(), saved.ID); err != nil {
		return err
	}
	a.Signature.V, a.FileID, a.FileSHA256, a.Authority.V = mark, saved.ID, saved.SHA256, by
	t.move(a, Signed)
	details := byAuthority(by)
	details["certificate"], details["sha256"] = mark.Fingerprint, saved.SHA256
	return t.note(ctx, actor, *a, "signed", mark.Signer, details)
}

// byAuthority is an authority as the journal tells it.
func byAuthority(a directory.Authority) map[string]string {
	details := map[string]string{"authority": a.By}
	if a.PowerNumber != "" {
		details["power"] = a.PowerNumber
	}
	return details
}

// content is what is signed: made of a draft, and read of what was signed already.
func (t *Tenders) content(ctx context.Context, a Application) (content []byte, sha string, err error) {
	if a.FileID != "" {
		f, content, err := t.Files.Read(ctx, a.OrganisationID, a.FileID, maxForm)
		return content, f.SHA256, err
	}
	content, err = a.document()
	return content, digestText(content), err
}

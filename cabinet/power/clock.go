package power

import (
	"context"
	"errors"
	"fmt"

	"propusk/cabinet/power/emchd"
	"propusk/idp/directory"
)

// Expire notes powers whose last day is over and tells both sides. A power stops
// working by itself; this is the journal's and the people's news of it.
func (p *Powers) Expire(ctx context.Context) error {
	_, err := p.Directory.ExpirePowers(ctx, func(ctx context.Context, w directory.PowerOfAttorney) error {
		return p.tell(ctx, expired, w, 0)
	})
	return err
}

// Remind tells both sides 30, 7 and 1 days before a power ends, each once. One that
// fails holds up none of the others.
func (p *Powers) Remind(ctx context.Context) error {
	for {
		ending, err := p.Directory.EndingPowers(ctx)
		if err != nil || len(ending) == 0 {
			return err
		}
		var failed []error
		for _, e := range ending {
			if err := p.remind(ctx, e); err != nil {
				failed = append(failed, fmt.Errorf("power: remind of %s: %w", e.ID, err))
			}
		}
		if len(failed) > 0 {
			return errors.Join(failed...) // the rest of them comes with the next pass
		}
	}
}

func (p *Powers) remind(ctx context.Context, e directory.EndingPower) error {
	return p.DB.Tx(ctx, func(ctx context.Context) error {
		first, err := p.Directory.Reminded(ctx, e)
		if err != nil || !first {
			return err
		}
		return p.tell(ctx, expiring, e.PowerOfAttorney, e.Days)
	})
}

// Recheck judges anew the signatures that could not be judged when they came. One
// whose file is gone, say, holds up none of the others.
func (p *Powers) Recheck(ctx context.Context) error {
	var failed []error
	page := directory.Page{}
	for {
		list, next, err := p.Directory.CheckingPowers(ctx, page)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		for _, w := range list {
			if err := p.recheck(ctx, w); err != nil {
				failed = append(failed, fmt.Errorf("power: check %s again: %w", w.ID, err))
			}
		}
		if page.After = next; next == "" || ctx.Err() != nil {
			return errors.Join(failed...)
		}
	}
}

func (p *Powers) recheck(ctx context.Context, w directory.PowerOfAttorney) error {
	if w.StatusAt(p.time()) != directory.PowerChecking {
		return nil
	}
	k, err := p.papersOf(ctx, w.ID)
	if err != nil {
		return err
	}
	_, content, err := p.read(ctx, k.OrganisationID, k.DocumentID)
	if err != nil {
		return err
	}
	_, cms, err := p.read(ctx, k.OrganisationID, k.SignatureID)
	if err != nil {
		return err
	}
	by, err := p.signerOf(ctx, w, headsIn(content))
	if err != nil {
		return err
	}
	verdict, fault := p.judge(ctx, content, cms, by)
	if fault != nil && fault.Code == "signature_undecided" {
		return nil
	}
	k.Verdict.V = rejudged(k.Verdict.V, validationOf(verdict, fault))
	if fault == nil {
		err := p.resettle(ctx, k, func(ctx context.Context) error { _, err := p.activate(ctx, directory.System(), w); return err })
		if fault = unfit(err); fault == nil {
			return err
		}
		k.Verdict.V.Faults = append(k.Verdict.V.Faults, *fault)
		k.Verdict.V.Status = emchd.StatusOf(k.Verdict.V.Faults)
	}
	return p.resettle(ctx, k, func(ctx context.Context) error {
		_, _, err := p.Directory.SettlePower(ctx, directory.System(), w.OrganisationID, w.ID, directory.PowerRefused, fault.Text("ru"), &w.Version)
		return err
	})
}

func (p *Powers) resettle(ctx context.Context, k papers, settle func(ctx context.Context) error) error {
	return p.DB.Tx(ctx, func(ctx context.Context) error {
		if err := p.keepPapers(ctx, k); err != nil {
			return err
		}
		return settle(ctx)
	})
}

// unfit is the fault of a power that no longer fits the book although its signature
// is right: the one that it hands on has ended meanwhile.
func unfit(err error) *emchd.Fault {
	if _, ok := errors.AsType[directory.FieldErrors](err); ok || errors.Is(err, directory.ErrPowerOver) {
		return &emchd.Fault{Code: "parent_refused", Value: err.Error()}
	}
	return nil
}

// rejudged is what was found before, with the signature's part of it replaced.
func rejudged(before, now validation) validation {
	for _, f := range before.Faults {
		if f.Code != "signature_undecided" {
			now.Faults = append(now.Faults, f)
		}
	}
	now.Status = emchd.StatusOf(now.Faults)
	return now
}

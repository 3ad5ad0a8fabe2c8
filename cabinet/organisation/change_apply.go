package organisation

import (
	"context"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
)

// confirmation is how somebody has vouched for a change.
type confirmation struct {
	how       string // directory.HowCode, directory.HowSignature
	digits    string // of a code, still to be spent
	object    string // that the code is bound to
	weak      bool   // it does not carry the change by itself: operators decide
	signature []byte
	verdict   string
	person    string // who confirmed; "" for a client with the organisation's signature
}

// apply carries a confirmed change out: into the profile, or, where the register
// does not bear it out, before operators.
func (o *Organisations) apply(ctx context.Context, actor directory.Actor, ch change, by confirmation) (change, error) {
	differences, err := o.borneOut(ctx, ch)
	if err != nil {
		return ch, err
	}
	from := ch.State
	ch.ConfirmedHow, ch.Signature, ch.Verdict = by.how, by.signature, by.verdict
	ch.Differences = storage.JSON[[]difference]{V: differences}
	err = o.DB.Tx(ctx, func(ctx context.Context) error {
		right, err := o.Directory.Authorise(ctx, actor, ch.OrganisationID, directory.Act{Permission: directory.OrganizationWrite})
		if err != nil {
			return err
		}
		ch.Authority = storage.JSON[*directory.Authority]{V: &right}
		if by.digits != "" {
			if err := o.codes.spend(ctx, by.object, by.person, by.digits); err != nil {
				return err
			}
		}
		if len(differences) > 0 || by.weak {
			return o.toModeration(ctx, actor, &ch, from)
		}
		return o.intoProfile(ctx, actor, &ch, from, by.how)
	})
	return ch, err
}

// borneOut asks the register about the fields that it knows; what it does not say
// is no difference, and a change of other fields is not asked about. The record is
// that of the organisation as it is: with the numbers of another one everything else
// would agree, and its cabinet would have become that other's.
func (o *Organisations) borneOut(ctx context.Context, ch change) ([]difference, error) {
	if ch.Block != directory.BlockRequisites {
		return nil, nil
	}
	before, after, err := ch.blocks()
	if err != nil {
		return nil, err
	}
	was, is := *before.(*directory.Requisites), *after.(*directory.Requisites)
	moved := touched(was, is)
	if len(moved) == 0 {
		return nil, nil
	}
	record, err := o.find(ctx, was.INN)
	if refused(err, "organization_unknown") {
		return []difference{{Field: "inn", Entered: is.INN, Registered: ""}}, nil
	}
	if err != nil {
		return nil, err
	}
	return contradicted(is, record, moved), nil
}

// contradicted are the moved fields of which the register says otherwise, and the
// numbers whenever they are not the record's.
func contradicted(is directory.Requisites, record authority.Record, moved map[string]bool) []difference {
	var found []difference
	for _, d := range compare(is, record) {
		if moved[d.Field] || d.Field == "ogrn" || d.Field == "inn" {
			found = append(found, d)
		}
	}
	return found
}

func (o *Organisations) toModeration(ctx context.Context, actor directory.Actor, ch *change, from string) error {
	ch.State = changeModeration
	if err := o.storeChange(ctx, *ch, from); err != nil {
		return err
	}
	err := o.enqueueModeration(ctx, moderation{
		Kind: "change", ObjectID: ch.ID, OrganisationID: ch.OrganisationID, AskedBy: ch.AskedBy, FourEyes: true,
	})
	if err != nil {
		return err
	}
	fields := fieldList(ch.Differences.V)
	err = o.record(ctx, actor, ch.OrganisationID, "organisation.change_moderated", ch.ID,
		map[string]string{"block": string(ch.Block), "how": ch.ConfirmedHow, "fields": fields})
	if err != nil {
		return err
	}
	if len(ch.Differences.V) > 0 {
		return o.tellChange(ctx, *ch, changeModerationTexts.about(string(ch.Block), "{fields}", fields))
	}
	return o.tellLost(ctx, *ch)
}

// tellLost tells of a change of contacts that nobody at the former ones has
// confirmed: them, too, in case they are not lost at all.
func (o *Organisations) tellLost(ctx context.Context, ch change) error {
	person := ""
	if ch.AskedBy != "" {
		p, err := o.Directory.Person(ctx, ch.AskedBy)
		if err != nil {
			return err
		}
		person = p.FullName()
	}
	words := changeLostTexts.about(string(ch.Block), "{person}", person)
	was, err := ch.officialBefore()
	if err != nil {
		return err
	}
	if was.Email != "" {
		if err := o.mail(ctx, was.Email, "ru", words); err != nil {
			return err
		}
	}
	return o.tellChange(ctx, ch, words)
}

func (o *Organisations) intoProfile(ctx context.Context, actor directory.Actor, ch *change, from, how string) error {
	before, after, err := ch.blocks()
	if err != nil {
		return err
	}
	_, err = o.Directory.ChangeBlock(ctx, actor, ch.OrganisationID, directory.BlockChange{Block: after, Before: before, How: how, By: ch.AskedBy})
	if err != nil {
		return err
	}
	ch.State, ch.DecidedAt = changeApplied, o.time()
	if err := o.storeChange(ctx, *ch, from); err != nil {
		return err
	}
	err = o.record(ctx, actor, ch.OrganisationID, "organisation.change_applied", ch.ID, map[string]string{
		"block": string(ch.Block), "how": ch.ConfirmedHow, "authority": ch.Authority.V.By, "power": ch.Authority.V.PowerNumber,
	})
	if err != nil {
		return err
	}
	if err := o.activate(ctx, ch.OrganisationID); err != nil {
		return err
	}
	return o.tellChange(ctx, *ch, changeAppliedTexts.about(string(ch.Block)))
}

// changeDecided carries the operators' word about a change out, in their
// transaction.
func (o *Organisations) changeDecided(ctx context.Context, id string, accepted bool, reason string) error {
	var organisationID string
	if err := o.DB.Get(ctx, &organisationID, `SELECT organisation_id FROM organisation_changes WHERE id = $1`, id); err != nil {
		return api.DirectoryRefusal(err)
	}
	ch, err := o.changeOf(ctx, organisationID, id)
	if err != nil {
		return err
	}
	ch.Reason = reason
	if accepted {
		return api.DirectoryRefusal(o.intoProfile(ctx, directory.System(), &ch, changeModeration, directory.HowModeration))
	}
	ch.State, ch.DecidedAt = changeRefused, o.time()
	if err := o.storeChange(ctx, ch, changeModeration); err != nil {
		return err
	}
	err = o.record(ctx, directory.Actor{}, ch.OrganisationID, "organisation.change_refused", ch.ID,
		map[string]string{"block": string(ch.Block), "reason": reason})
	if err != nil {
		return err
	}
	return o.tellChange(ctx, ch, changeRefusedTexts.about(string(ch.Block), "{reason}", reason))
}

// tellChange tells what came of a change: everybody who may see the profile in the
// cabinet, and whoever asked for it by mail (row 135).
func (o *Organisations) tellChange(ctx context.Context, ch change, words letter) error {
	if ch.AskedBy != "" {
		p, err := o.Directory.Person(ctx, ch.AskedBy)
		if err != nil {
			return err
		}
		if p.EmailVerified {
			if err := o.mail(ctx, p.Email, lang(p), words); err != nil {
				return err
			}
		}
	}
	return o.Tell(ctx, notice.Event{
		ID: "change/" + ch.ID + "/" + ch.State, Type: "organization.change_" + ch.State, OrganisationID: ch.OrganisationID,
		Category: notice.Organisation, Importance: notice.High, Permission: directory.OrganizationRead,
		Texts: words.notice(), Path: "/cabinet/organization/changes/" + ch.ID,
		Data: map[string]string{"change_id": ch.ID, "block": string(ch.Block), "state": ch.State},
	})
}

// refused reports whether an error is a refusal with a code.
func refused(err error, code string) bool {
	if err == nil {
		return false
	}
	return api.AsRefusal(err).Code() == code
}

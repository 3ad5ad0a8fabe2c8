package main

import (
	"context"
	"fmt"

	"propusk/cabinet/authority"
	"propusk/cabinet/tender"
	"propusk/idp/directory"
)

// openTenders opens the room of procurement, after the archive that its applications
// take documents of and the organisations' legal status that gates them.
func (h *house) openTenders(context.Context) error {
	deps := tender.Deps{
		DB: h.db, Directory: h.directory, Journal: h.journal, Files: h.files, Gateway: h.authority, Notices: h.notices, Paper: h.paper,
		Verifier: h.trust.Verifier(), Jobs: h.jobs, Archive: h.archived, Gate: h.procurement, Now: h.now, Log: h.log, Metrics: h.metrics,
	}
	register, err := h.openTenderRegister()
	if err != nil {
		return err
	}
	if register != nil {
		deps.Register = register
	}
	if h.tenders, err = tender.New(deps); err != nil {
		return err
	}
	h.rooms = append(h.rooms, h.tenders.Room())
	return nil
}

// openTenderRegister is the body that the configuration names, nil when it names none.
func (h *house) openTenderRegister() (*authority.Tenders, error) {
	signer, err := h.authoritySigner()
	if err != nil {
		return nil, err
	}
	bodies, err := authorityBodies(h.cfg.Authority)
	if err != nil {
		return nil, err
	}
	for _, body := range bodies {
		if body.Name == h.cfg.Authority.Tenders {
			register, err := authority.NewTenders(body, signer, h.now, nil)
			if err != nil {
				return nil, fmt.Errorf("open the register of tenders: %w", err)
			}
			return register, nil
		}
	}
	return nil, nil
}

// archived finds the file of an organisation's document.
func (h *house) archived(ctx context.Context, actor directory.Actor, organisationID, documentID string) (name, fileID string, err error) {
	doc, err := h.documents.Readable(ctx, actor, organisationID, documentID)
	return doc.Name, doc.FileID, err
}

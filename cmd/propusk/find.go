package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"propusk/idp/directory"
	"propusk/storage"
)

// everyone reads all pages of a list of the directory.
func everyone[T any](ctx context.Context, read func(context.Context, directory.Page) ([]T, string, error)) (all []T, err error) {
	for page := (directory.Page{Limit: directory.MaxPage}); ; {
		part, next, err := read(ctx, page)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		if page.After = next; next == "" {
			return all, nil
		}
	}
}

// withOrganisation opens the base and finds the organisation that the first
// argument names.
func withOrganisation(act func(cmd *cobra.Command, b *base, o directory.Organisation) error) func(*cobra.Command, []string) error {
	return withBase(func(cmd *cobra.Command, args []string, b *base) error {
		o, err := b.findOrganisation(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return act(cmd, b, o)
	})
}

// withPerson opens the base and finds the person that the first argument names.
func withPerson(act func(cmd *cobra.Command, b *base, p directory.Person) error) func(*cobra.Command, []string) error {
	return withBase(func(cmd *cobra.Command, args []string, b *base) error {
		p, err := b.findPerson(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return act(cmd, b, p)
	})
}

// findOrganisation finds an organisation by ИНН or id.
func (b *base) findOrganisation(ctx context.Context, name string) (directory.Organisation, error) {
	find := b.directory.Organisation
	if directory.ValidINN(name) {
		find = b.directory.OrganisationByINN
	}
	o, err := find(ctx, name)
	if errors.Is(err, storage.ErrNotFound) {
		return o, fmt.Errorf("no organisation %q; name it by ИНН or id", name)
	}
	return o, err
}

// findPerson finds a person, blocked or not, by login or id.
func (b *base) findPerson(ctx context.Context, name string) (directory.Person, error) {
	if uuid.Validate(name) == nil {
		p, err := b.directory.Person(ctx, name)
		if errors.Is(err, storage.ErrNotFound) {
			return p, fmt.Errorf("no person %s", name)
		}
		return p, err
	}
	found, err := b.directory.Resolve(ctx, name)
	switch {
	case errors.Is(err, directory.ErrBlocked):
		return found.Person, nil
	case errors.Is(err, storage.ErrNotFound):
		return directory.Person{}, fmt.Errorf("no person %q; name one by e-mail, phone, СНИЛС, user number or id", name)
	}
	return found.Person, err
}

// findMember finds the membership of a person in an organisation, both as the
// command line names them.
func (b *base) findMember(ctx context.Context, organisation, person string) (directory.Membership, error) {
	o, err := b.findOrganisation(ctx, organisation)
	if err != nil {
		return directory.Membership{}, err
	}
	p, err := b.findPerson(ctx, person)
	if err != nil {
		return directory.Membership{}, err
	}
	m, err := b.directory.Membership(ctx, p.ID, o.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return m, fmt.Errorf("%s is no member of %s", p.FullName(), o.Name)
	}
	return m, err
}

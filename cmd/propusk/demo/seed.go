package demo

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/storage"
)

// prepare gives the state of the people and clients in the database: that of an
// earlier start, or a new one after filling the database.
//
// The file is written inside the transaction, just before it commits. A crash
// between the two leaves a file whose people do not exist, which is seen at the
// next start; the other order would lose the secrets for good.
func (d *Demo) prepare(ctx context.Context) error {
	kept, err := readState(d.deps.Dir)
	if err != nil {
		return err
	}
	if kept != nil {
		found, err := d.inDatabase(ctx, kept)
		if err != nil {
			return err
		}
		if found {
			d.state = kept
			if err := d.fillNewcomers(ctx); err != nil {
				return err
			}
			return d.move(ctx)
		}
	}
	return d.deps.DB.Tx(ctx, func(ctx context.Context) error {
		d.state = &state{
			Issuer: d.deps.Issuer, People: map[string]secret{},
			Organisations: map[string]string{}, ClientSecrets: map[string]string{},
		}
		if err := d.fill(ctx); err != nil {
			return fmt.Errorf("fill the demo: %w", err)
		}
		return d.state.write(d.deps.Dir)
	})
}

// fillNewcomers adds the people that a kept folder does not know yet: it was filled by an
// earlier release.
func (d *Demo) fillNewcomers(ctx context.Context) error {
	return d.deps.DB.Tx(ctx, func(ctx context.Context) error {
		before := len(d.state.People)
		for _, p := range people {
			if _, there := d.state.People[p.key]; there {
				continue
			}
			if err := d.addPerson(ctx, p); err != nil {
				return fmt.Errorf("fill the demo: %s: %w", p.key, err)
			}
		}
		if len(d.state.People) == before {
			return nil
		}
		return d.state.write(d.deps.Dir)
	})
}

// admitClients keeps the initial access token of the demo, making it at the first
// start.
func (d *Demo) admitClients(ctx context.Context) error {
	if d.state.Registration == "" {
		random := make([]byte, 32)
		_, _ = rand.Read(random) // never fails (crypto/rand)
		d.state.Registration = base64.RawURLEncoding.EncodeToString(random)
		if err := d.state.write(d.deps.Dir); err != nil {
			return err
		}
	}
	return d.deps.Registration(ctx, d.state.Registration)
}

// inDatabase reports whether the database is the one that the file belongs to.
func (d *Demo) inDatabase(ctx context.Context, kept *state) (bool, error) {
	_, err := d.deps.Directory.Person(ctx, kept.People[people[0].key].ID)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// move adapts the redirect URIs to another port than at the last start.
func (d *Demo) move(ctx context.Context) error {
	if d.state.Issuer == d.deps.Issuer {
		return nil
	}
	for _, wanted := range clients(d.deps.Issuer, d.organisationID) {
		c, err := d.deps.Clients.Find(ctx, wanted.ID)
		if errors.Is(err, storage.ErrNotFound) {
			continue // somebody deleted it by the command line
		}
		if err != nil {
			return err
		}
		c.RedirectURIs, c.PostLogoutRedirectURIs = wanted.RedirectURIs, wanted.PostLogoutRedirectURIs
		if _, err := d.deps.Clients.Update(ctx, c); err != nil {
			return err
		}
	}
	d.state.Issuer = d.deps.Issuer
	return d.state.write(d.deps.Dir)
}

func (d *Demo) organisationID(key string) string { return d.state.Organisations[key] }

func (d *Demo) fill(ctx context.Context) error {
	for _, p := range people {
		if err := d.addPerson(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.key, err)
		}
	}
	for _, o := range organisations {
		if err := d.addOrganisation(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", o.key, err)
		}
	}
	for _, c := range clients(d.deps.Issuer, d.organisationID) {
		made, secret, err := d.deps.Clients.Create(ctx, c)
		if err != nil {
			return err
		}
		d.state.ClientSecrets[made.ID] = secret
	}
	return nil
}

func (d *Demo) addPerson(ctx context.Context, p person) error {
	made, err := d.deps.Directory.CreatePerson(ctx, directory.NewPerson{
		LastName: p.lastName, FirstName: p.firstName, MiddleName: p.middleName,
		Email: p.email, EmailVerified: p.emailVerified, Phone: p.phone, PhoneVerified: p.phoneVerified,
		SNILS: p.snils, INN: p.inn, NumbersVerified: true,
	})
	if err != nil {
		return err
	}
	if err := d.deps.SetPassword(ctx, made, p.password); err != nil {
		return err
	}
	kept := secret{ID: made.ID}
	if p.totp {
		if kept.TOTP, err = d.addTOTP(ctx, made.ID); err != nil {
			return err
		}
	}
	d.state.People[p.key] = kept
	if len(p.operator) > 0 {
		return d.deps.Directory.AppointOperator(ctx, directory.System(), made.ID, p.operator...)
	}
	return nil
}

func (d *Demo) addTOTP(ctx context.Context, personID string) (string, error) {
	seed := make([]byte, 20) // RFC 4226 §4, R6
	_, _ = rand.Read(seed)   // never fails (crypto/rand)
	if err := d.deps.Directory.SetTOTP(ctx, personID, seed); err != nil {
		return "", err
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(seed), d.deps.Directory.ConfirmTOTP(ctx, personID)
}

func (d *Demo) addOrganisation(ctx context.Context, o organisation) error {
	first := d.state.People[o.members[0].person].ID
	made, founder, err := d.deps.Directory.CreateOrganisation(ctx, o.is, first, directory.Administrator)
	if err != nil {
		return err
	}
	d.state.Organisations[o.key] = made.ID
	position := o.members[0].position
	_, err = d.deps.Directory.ChangeMember(ctx, directory.System(), made.ID, founder.ID, directory.MemberChange{Position: &position})
	if err != nil {
		return err
	}
	for _, m := range o.members[1:] {
		_, err := d.deps.Directory.AddMember(ctx, directory.System(), directory.NewMember{
			OrganisationID: made.ID, PersonID: d.state.People[m.person].ID,
			Role: m.role, Position: m.position, Grants: m.grants, Denials: m.denials,
		})
		if err != nil {
			return fmt.Errorf("member %s: %w", m.person, err)
		}
	}
	return nil
}

// line describes what stands in the database now, with the kept secrets.
func (d *Demo) line(ctx context.Context) (Line, error) {
	line := Line{
		Issuer: d.deps.Issuer, API: d.deps.Issuer, Cabinet: d.deps.Issuer + "/cabinet",
		Outbox: d.deps.Issuer + OutboxPath, Trust: LineTrust{Dir: d.trustDir()},
		MutualTLS: d.deps.MutualTLS, Sandbox: d.deps.Sandbox, RegistrationAccessToken: d.state.Registration,
	}
	for _, p := range people {
		u, err := d.lineUser(ctx, p)
		if err != nil {
			return Line{}, err
		}
		line.Users = append(line.Users, u)
	}
	for _, o := range organisations {
		now, err := d.deps.Directory.Organisation(ctx, d.organisationID(o.key))
		if err != nil {
			return Line{}, err
		}
		line.Organisations = append(line.Organisations, lineOrganisation(now))
	}
	var err error
	line.Clients, err = d.lineClients(ctx)
	return line, err
}

func lineOrganisation(o directory.Organisation) LineOrganisation {
	return LineOrganisation{ID: o.ID, INN: o.INN, OGRN: o.OGRN, Name: o.Name}
}

func (d *Demo) lineUser(ctx context.Context, p person) (LineUser, error) {
	kept := d.state.People[p.key]
	now, err := d.deps.Directory.Person(ctx, kept.ID)
	if err != nil {
		return LineUser{}, err
	}
	u := LineUser{
		ID: now.ID, Login: p.email, Password: p.password, TOTPSecret: kept.TOTP,
		Phone: now.Phone, Email: now.Email, SNILS: now.SNILS, Organisations: []LineMembership{},
	}
	memberships, err := d.deps.Directory.Memberships(ctx, now.ID)
	for _, m := range memberships {
		u.Organisations = append(u.Organisations, LineMembership{lineOrganisation(m.Organisation), []string{string(m.Role)}})
	}
	return u, err
}

func (d *Demo) lineClients(ctx context.Context) ([]LineClient, error) {
	var out []LineClient
	for _, wanted := range clients(d.deps.Issuer, d.organisationID) {
		c, err := d.deps.Clients.Find(ctx, wanted.ID)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, lineClient(c, d.state.ClientSecrets[c.ID]))
	}
	for id, key := range d.deps.OwnKeys {
		c, err := d.deps.Clients.Find(ctx, id)
		if err != nil {
			return nil, err
		}
		line := lineClient(c, "")
		line.JWK = key
		out = append(out, line)
	}
	return out, nil
}

func lineClient(c client.Client, secret string) LineClient {
	return LineClient{
		ClientID: c.ID, ClientSecret: secret, TokenEndpointAuthMethod: c.TokenEndpointAuthMethod,
		RedirectURIs: notNil(c.RedirectURIs), PostLogoutRedirectURIs: notNil(c.PostLogoutRedirectURIs),
		GrantTypes: c.GrantTypes, Scope: c.Scope, Organisation: c.OrganisationID,
	}
}

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func personByKey(key string) person {
	for _, p := range people {
		if p.key == key {
			return p
		}
	}
	panic("demo: no person " + key) // a name in this package is wrong
}

func organisationByKey(key string) organisation {
	for _, o := range organisations {
		if o.key == key {
			return o
		}
	}
	panic("demo: no organisation " + key) // a name in this package is wrong
}

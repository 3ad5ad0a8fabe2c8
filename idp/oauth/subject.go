package oauth

import (
	"propusk/idp/veil"
)

// What a person is called: by his id or, to clients with the subject type pairwise,
// by a name of the client's sector (OpenID Connect Core §8). The name stands in
// everything that the client is given or can read: ID tokens, access tokens,
// userinfo, introspection and logout tokens. Inside, people have their ids.

// subject is what the client calls the person.
func (p *Provider) subject(client *registration, personID string) (string, error) {
	if !client.Pairwise() {
		return personID, nil
	}
	return p.subjects.Name(client.Sector(), personID)
}

// sessionName is what the client calls a session. A sid that all clients read alike
// would tell two sectors that their names mean one person.
func (p *Provider) sessionName(client *registration, sessionID string) (string, error) {
	if sessionID == "" || !client.Pairwise() {
		return sessionID, nil
	}
	return p.subjects.Name(client.Sector(), sessionID)
}

// personCalled is whom the client means by a subject. A name of another sector, or an
// id where names are wanted, is returned as it is: it is nobody's.
func (p *Provider) personCalled(client *registration, subject string) string {
	if !client.Pairwise() {
		return subject
	}
	person, err := p.subjects.Person(client.Sector(), subject)
	if err != nil {
		return "?" + subject
	}
	return person
}

// personOfToken is the person behind the subject of a verified token of ours, or the
// session behind its sid, made for whichever client. One that cannot be read is nobody's.
func (p *Provider) personOfToken(subject string) string {
	if !veil.Pairwise(subject) {
		return subject
	}
	person, err := p.subjects.PersonOfToken(subject)
	if err != nil {
		return "?" + subject
	}
	return person
}

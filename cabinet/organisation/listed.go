package organisation

import (
	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/storage"
)

// How a person stands in the register's record of an organisation.
const (
	listedHead    = "head"
	listedFounder = "founder"
	listedInvited = "invitation" // not in the register: the organisation itself has asked for him
)

// listing is what the register says about a person.
type listing struct {
	As string // listedHead, listedFounder; "" when he is not named
	// Proved: by a number that somebody has vouched for on both sides. A name alone
	// is anybody's of that name, so it opens nothing by itself.
	Proved bool
	// Barred: a head who is disqualified now (КоАП РФ ст. 3.11).
	Barred bool
}

// opens reports whether the person may act for the organisation at once.
func (l listing) opens() bool { return l.As == listedHead && l.Proved && !l.Barred }

// listed looks for a person among the heads and founders of a record, the
// strongest finding first.
func listed(record authority.Record, p directory.Person, now storage.Time) listing {
	var best listing
	for _, found := range candidates(record, p, now) {
		if found.As != "" && (best.As == "" || rank(found) > rank(best)) {
			best = found
		}
	}
	return best
}

func rank(l listing) int {
	n := 0
	if l.As == listedHead {
		n++
	}
	if l.Proved {
		n += 2
	}
	return n
}

func candidates(record authority.Record, p directory.Person, now storage.Time) []listing {
	var found []listing
	add := func(as string, named authority.Person, barred bool) {
		if match := identify(named, p); match != stranger {
			found = append(found, listing{as, match == proved, barred})
		}
	}
	if record.Person != nil {
		proprietor := *record.Person
		if proprietor.INN == "" {
			proprietor.INN = record.INN // a sole proprietor's ИНН is the person's own
		}
		add(listedHead, proprietor, false)
	}
	for _, head := range record.Heads {
		until := head.DisqualifiedUntil.Time()
		add(listedHead, head.Person, until.After(now.Time()))
	}
	for _, founder := range record.Founders {
		if founder.Person != nil {
			add(listedFounder, *founder.Person, false)
		}
	}
	return found
}

// match is how surely two people are one.
type match int

const (
	stranger match = iota
	byName
	proved
)

// identify compares a person of the register with one of ours. Equal verified ИНН
// prove it, unequal ones refute it whatever the names; without one of them the
// name is all there is.
func identify(named authority.Person, p directory.Person) match {
	if named.INN != "" && p.INN != "" && p.INNVerified {
		if named.INN == p.INN {
			return proved
		}
		return stranger
	}
	if fold(named.Name()) == fold(p.FullName()) {
		return byName
	}
	return stranger
}

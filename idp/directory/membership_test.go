package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"propusk/storage"
	"propusk/storage/storagetest"
)

func TestEveryChangeOfAMemberOwes(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		m := w.members[Manager]
		p, _ := w.Person(w.ctx, m.PersonID)
		admin, _ := w.Person(w.ctx, w.members[Administrator].PersonID)
		mark := w.mark()
		changed, err := w.ChangeMember(w.ctx, w.by(Administrator), w.org.ID, m.ID, MemberChange{
			Role: ptr(Accountant), Grants: &[]Permission{FinanceWrite, FinanceWrite}, Denials: &[]Permission{FilingsSign}, Position: ptr("Бухгалтер"),
		})
		w.must(err)
		want := m
		want.Role, want.Grants, want.Denials, want.Position, want.Version = Accountant, PermissionList{FinanceWrite}, PermissionList{FilingsSign}, "Бухгалтер", 2
		if fmt.Sprintf("%+v", changed) != fmt.Sprintf("%+v", want) {
			t.Errorf("got  %+v\nwant %+v", changed, want)
		}
		if got, err := w.Membership(w.ctx, p.ID, w.org.ID); err != nil || fmt.Sprint(got.Member) != fmt.Sprint(want) || got.Organisation.INN != w.org.INN {
			t.Errorf("stored %+v, %v", got, err)
		}
		if got := w.below(p.ID, w.org.ID); got != 2 {
			t.Errorf("tokens below %d are dead", got)
		}
		e := w.lastEntry(w.org.ID)
		if e.Action != "member.changed" || e.Actor != admin.ID || e.Client != "web" || e.Object != m.ID || e.Outcome != "success" {
			t.Errorf("journal: %+v", e)
		}
		wantDetails := map[string]string{
			"person": p.ID, "role_before": "manager", "role": "accountant", "position": "Бухгалтер",
			"gained": "finance:read finance:write", "lost": "documents:sign requests:write tenders:write",
		}
		if fmt.Sprint(e.Details) != fmt.Sprint(wantDetails) {
			t.Errorf("details %v", e.Details)
		}
		wantNotices := []string{admin.Email + ": " + w.org.Name + ": изменены права сотрудника", p.Email + ": Ваши права изменены: " + w.org.Name}
		if got := w.messages(mark); !slices.Equal(got, wantNotices) {
			t.Errorf("notices %q", got)
		}
	})
}

func TestNoChangeIsNoChange(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		m, mark := w.members[Manager], w.mark()
		before := len(w.actions(w.org.ID))
		got, err := w.ChangeMember(w.ctx, w.by(Head), w.org.ID, m.ID, MemberChange{Role: ptr(Manager), Position: ptr(" ")})
		if err != nil || got.Version != 1 || w.mark() != mark || len(w.actions(w.org.ID)) != before {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestMemberChangeIsChecked(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for _, test := range []struct {
			name   string
			change MemberChange
			want   string
		}{
			{"an unknown role", MemberChange{Role: ptr(Role("root"))}, "directory: fields: role: invalid"},
			{"unknown permissions", MemberChange{Grants: &[]Permission{"*"}, Denials: &[]Permission{""}}, "directory: fields: grants: invalid, denials: invalid"},
			{"an administrator denied something", MemberChange{Role: ptr(Administrator), Denials: &[]Permission{MembersWrite}}, "directory: fields: denials: not_allowed"},
			{"a position with a line break", MemberChange{Position: ptr("a\nb")}, "directory: fields: position: invalid"},
		} {
			_, err := w.ChangeMember(w.ctx, w.by(Administrator), w.org.ID, w.members[Manager].ID, test.change)
			var fault *FieldError
			if !errors.As(err, &fault) || err.Error() != test.want {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		_, err := w.ChangeMember(w.ctx, w.by(Administrator), w.org.ID, w.members[Manager].ID, MemberChange{Role: ptr(Head), Version: ptr(int64(7))})
		if !errors.Is(err, ErrStale) {
			t.Errorf("another version: %v", err)
		}
	})
}

// Who becomes an administrator is denied nothing any more, and his grants are
// part of the role.
func TestPromotionLeavesDenialsBehind(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		m := w.members[Manager]
		_, err := w.ChangeMember(w.ctx, w.by(Administrator), w.org.ID, m.ID, MemberChange{Grants: &[]Permission{FinanceRead}, Denials: &[]Permission{MembersRead}})
		w.must(err)
		got, err := w.ChangeMember(w.ctx, w.by(Administrator), w.org.ID, m.ID, MemberChange{Role: ptr(Administrator)})
		w.must(err)
		if len(got.Grants) != 0 || len(got.Denials) != 0 || len(got.Permissions()) != len(Permissions()) || w.administrators(w.org.ID) != 2 {
			t.Errorf("%+v, %d administrators", got, w.administrators(w.org.ID))
		}
		_, err = w.ChangeMember(w.ctx, w.by(Administrator), w.org.ID, m.ID, MemberChange{Role: ptr(Observer)})
		w.must(err)
		if w.administrators(w.org.ID) != 1 {
			t.Error("the demotion was not counted")
		}
	})
}

func TestNobodyGrantsWhatHeDoesNotHold(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		org, of := w.org.ID, func(r Role) string { return w.members[r].ID }
		// An operator with the single right to manage members.
		_, err := w.ChangeMember(w.ctx, w.by(Administrator), org, of(Operator), MemberChange{Grants: &[]Permission{MembersWrite}})
		w.must(err)
		_, err = w.ChangeMember(w.ctx, w.by(Administrator), org, of(Head), MemberChange{Denials: &[]Permission{PowersWrite}})
		w.must(err)
		client := Actor{ClientID: "hr", Permissions: []Permission{MembersWrite, MembersRead, DocumentsRead}}
		for _, test := range []struct {
			name   string
			actor  Actor
			member string
			change MemberChange
			may    bool
		}{
			{"a manager manages nobody", w.by(Manager), of(Observer), MemberChange{Position: ptr("x")}, false},
			{"an operator raises himself", w.by(Operator), of(Operator), MemberChange{Role: ptr(Head)}, false},
			{"an operator makes himself administrator", w.by(Operator), of(Operator), MemberChange{Role: ptr(Administrator)}, false},
			{"an operator grants himself the journal", w.by(Operator), of(Operator), MemberChange{Grants: &[]Permission{MembersWrite, JournalRead}}, false},
			{"a head lifts his own denial", w.by(Head), of(Head), MemberChange{Denials: &[]Permission{}}, false},
			{"a head grants payments", w.by(Head), of(Accountant), MemberChange{Grants: &[]Permission{FinanceWrite}}, false},
			{"a head makes an administrator", w.by(Head), of(Manager), MemberChange{Role: ptr(Administrator)}, false},
			{"a head demotes the administrator", w.by(Head), of(Administrator), MemberChange{Role: ptr(Observer)}, false},
			{"a head renames the administrator", w.by(Head), of(Administrator), MemberChange{Position: ptr("Никто")}, false},
			{"a client makes an accountant", client, of(Observer), MemberChange{Role: ptr(Accountant)}, false},
			{"a client touches the administrator", client, of(Administrator), MemberChange{Position: ptr("x")}, false},
			{"a client takes a right away", client, of(Controller), MemberChange{Denials: &[]Permission{JournalRead}}, true},
			{"an operator makes an operator", w.by(Operator), of(Observer), MemberChange{Role: ptr(Operator)}, true},
			{"a head makes a manager", w.by(Head), of(Observer), MemberChange{Role: ptr(Manager), Denials: &[]Permission{PowersWrite}}, true},
			{"an administrator makes an administrator", w.by(Administrator), of(Manager), MemberChange{Role: ptr(Administrator)}, true},
		} {
			_, err := w.ChangeMember(w.ctx, test.actor, org, test.member, test.change)
			if test.may && err != nil || !test.may && !errors.Is(err, ErrForbidden) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		if e := w.lastEntry(org); e.Action != "member.changed" {
			t.Errorf("%+v", e)
		}
	})
}

// A member of A, with every right there, names what belongs to B.
func TestAnotherOrganisationsMembersAreOutOfReach(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		other := w.person("other")
		b, admin := w.organisation(other.ID)
		victim := w.add(b.ID, w.person("victim").ID, Operator)
		a := w.by(Administrator)
		for _, id := range []string{victim.ID, admin.ID} {
			if _, err := w.MemberByID(w.ctx, w.org.ID, id); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("read as one's own: %v", err)
			}
			if _, err := w.ChangeMember(w.ctx, a, w.org.ID, id, MemberChange{Role: ptr(Observer)}); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("changed as one's own: %v", err)
			}
			if err := w.RemoveMember(w.ctx, a, w.org.ID, id, nil); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("removed as one's own: %v", err)
			}
			if _, err := w.ChangeMember(w.ctx, a, b.ID, id, MemberChange{Role: ptr(Observer)}); !errors.Is(err, ErrForbidden) {
				t.Errorf("changed in B: %v", err)
			}
			if err := w.RemoveMember(w.ctx, a, b.ID, id, nil); !errors.Is(err, ErrForbidden) {
				t.Errorf("removed from B: %v", err)
			}
		}
		if _, err := w.AddMember(w.ctx, a, NewMember{OrganisationID: b.ID, PersonID: a.PersonID, Role: Observer}); !errors.Is(err, ErrForbidden) {
			t.Errorf("joined B: %v", err)
		}
		got, err := w.MemberByID(w.ctx, b.ID, victim.ID)
		if err != nil || got.Member.Version != 1 || got.Role != Operator {
			t.Errorf("%+v, %v", got, err)
		}
		if w.administrators(b.ID) != 1 || w.administrators(w.org.ID) != 1 {
			t.Error("administrators were counted in the wrong place")
		}
	})
}

func TestLastAdministratorStays(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		admin := w.members[Administrator]
		for _, actor := range []Actor{w.by(Administrator), System()} {
			if err := w.RemoveMember(w.ctx, actor, w.org.ID, admin.ID, nil); !errors.Is(err, ErrLastAdministrator) {
				t.Errorf("removed: %v", err)
			}
			if _, err := w.ChangeMember(w.ctx, actor, w.org.ID, admin.ID, MemberChange{Role: ptr(Head)}); !errors.Is(err, ErrLastAdministrator) {
				t.Errorf("demoted: %v", err)
			}
		}
		m, err := w.Membership(w.ctx, admin.PersonID, w.org.ID)
		if err != nil || m.Role != Administrator || m.Member.Version != 1 || w.administrators(w.org.ID) != 1 || w.below(admin.PersonID, w.org.ID) != 0 {
			t.Errorf("a refusal left something behind: %+v, %v", m.Member, err)
		}
		if e := w.lastEntry(w.org.ID); e.Action != "member.changed" || e.Outcome != "refused" || e.Details["reason"] != "last_administrator" {
			t.Errorf("journal: %+v", e)
		}
		// With a second one, either may go.
		second := w.add(w.org.ID, w.person("second").ID, Administrator)
		w.must(w.RemoveMember(w.ctx, w.by(Administrator), w.org.ID, admin.ID, nil))
		if err := w.RemoveMember(w.ctx, System(), w.org.ID, second.ID, nil); !errors.Is(err, ErrLastAdministrator) {
			t.Errorf("then the second: %v", err)
		}
	})
}

// The rule stands in the database, not in the order in which Go does things:
// also without our lock, of many that count down at once one too many fails.
func TestDatabaseRefusesToLoseTheLastAdministrator(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const down = `UPDATE organisations SET administrators = administrators - 1 WHERE id = $1`
		_, err := w.db.Exec(w.ctx, `UPDATE organisations SET administrators = 10 WHERE id = $1`, w.org.ID)
		w.must(err)
		var refused atomic.Int64
		var done sync.WaitGroup
		for range 20 {
			done.Go(func() {
				if _, err := w.db.Exec(w.ctx, down, w.org.ID); errors.Is(err, storage.ErrCheck) {
					refused.Add(1)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if refused.Load() != 11 || w.administrators(w.org.ID) != 1 {
			t.Errorf("%d of 20 were refused, %d administrators", refused.Load(), w.administrators(w.org.ID))
		}
	})
}

// Of two changes at the same moment that each would leave one administrator,
// one is refused: removals and demotions, of oneself and of each other.
func TestTwoAdministratorsCannotRemoveEachOther(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		rounds := 30
		if testing.Short() {
			rounds = 5
		}
		for round := range rounds {
			p := [2]Person{w.person("a"), w.person("b")}
			o, first := w.organisation(p[0].ID)
			m := [2]Member{first, w.add(o.ID, p[1].ID, Administrator)}
			var errs [2]error
			start, done := make(chan struct{}), sync.WaitGroup{}
			for i := range 2 {
				done.Go(func() {
					target := m[(i+round)%2] // odd rounds: the other one, even rounds: oneself
					<-start
					if round%4 < 2 {
						errs[i] = w.RemoveMember(w.ctx, Actor{PersonID: p[i].ID}, o.ID, target.ID, nil)
					} else {
						_, errs[i] = w.ChangeMember(w.ctx, Actor{PersonID: p[i].ID}, o.ID, target.ID, MemberChange{Role: ptr(Observer)})
					}
				})
			}
			close(start)
			done.Wait()
			won := 0
			for _, err := range errs {
				switch {
				case err == nil:
					won++
				case !errors.Is(err, ErrLastAdministrator) && !errors.Is(err, ErrForbidden):
					t.Fatalf("round %d: %v", round, err)
				}
			}
			if won != 1 || w.administrators(o.ID) != 1 {
				t.Fatalf("round %d: %d changes won, %d administrators, %v", round, won, w.administrators(o.ID), errs)
			}
			var real int
			w.must(w.db.Get(w.ctx, &real, `SELECT COUNT(*) FROM members WHERE organisation_id = $1 AND role = 'administrator' AND removed_at = 0`, o.ID))
			if real != 1 {
				t.Fatalf("round %d: %d administrators, one counted", round, real)
			}
		}
	})
}

func TestMemberIsRemovedInTheStateThatWasSeen(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		seen := w.members[Accountant]
		_, err := w.ChangeMember(w.ctx, w.by(Head), w.org.ID, seen.ID, MemberChange{Position: ptr("Главный бухгалтер")})
		w.must(err)
		if err := w.RemoveMember(w.ctx, w.by(Head), w.org.ID, seen.ID, &seen.Version); !errors.Is(err, ErrStale) {
			t.Errorf("removed in a state that was not seen: %v", err)
		}
		w.must(w.RemoveMember(w.ctx, w.by(Head), w.org.ID, seen.ID, ptr(seen.Version+1)))
	})
}

func TestRemovedMemberLosesAtOnceAndComesBackAnew(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		m := w.members[Accountant]
		w.must(w.RemoveMember(w.ctx, w.by(Head), w.org.ID, m.ID, nil))
		if _, err := w.Membership(w.ctx, m.PersonID, w.org.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("still a member: %v", err)
		}
		if _, err := w.MemberByID(w.ctx, w.org.ID, m.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("still listed: %v", err)
		}
		if got := w.below(m.PersonID, w.org.ID); got != 2 {
			t.Errorf("tokens below %d are dead", got)
		}
		if err := w.RemoveMember(w.ctx, w.by(Head), w.org.ID, m.ID, nil); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("removed twice: %v", err)
		}
		if _, err := w.ChangeMember(w.ctx, w.by(Head), w.org.ID, m.ID, MemberChange{Role: ptr(Manager)}); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("changed after removal: %v", err)
		}
		back := w.add(w.org.ID, m.PersonID, Observer)
		if back.ID != m.ID || back.Version != 3 || back.Role != Observer || back.RemovedAt != 0 {
			t.Errorf("%+v", back)
		}
		_, err := w.AddMember(w.ctx, System(), NewMember{OrganisationID: w.org.ID, PersonID: m.PersonID, Role: Head})
		if !errors.Is(err, storage.ErrExists) {
			t.Errorf("a member twice: %v", err)
		}
		if got := w.actions(w.org.ID); !slices.Equal(got[len(got)-3:], []string{"member.added", "member.removed", "member.added"}) {
			t.Errorf("journal: %v", got)
		}
	})
}

func TestMembersComeInPagesWithoutTheRemoved(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.must(w.RemoveMember(w.ctx, System(), w.org.ID, w.members[Operator].ID, nil))
		first, next, err := w.Members(w.ctx, w.org.ID, Page{Limit: 4})
		w.must(err)
		rest, end, err := w.Members(w.ctx, w.org.ID, Page{After: next})
		w.must(err)
		if len(first) != 4 || len(rest) != 2 || end != "" {
			t.Fatalf("%d and %d, %q", len(first), len(rest), end)
		}
		if first[0].Role != Administrator || first[0].Person.ID != w.members[Administrator].PersonID || first[0].Email == "" {
			t.Errorf("%+v", first[0])
		}
		for _, m := range append(first, rest...) {
			if m.Role == Operator || m.OrganisationID != w.org.ID || m.Person.ID != m.PersonID {
				t.Errorf("%+v", m)
			}
		}
	})
}

func TestMembershipsOfAPerson(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("busy")
		if list, err := w.Memberships(w.ctx, p.ID); err != nil || len(list) != 0 {
			t.Errorf("of none: %v, %v", list, err)
		}
		own, _ := w.organisation(p.ID)
		w.add(w.org.ID, p.ID, Observer)
		list, err := w.Memberships(w.ctx, p.ID)
		w.must(err)
		if len(list) != 2 || list[0].Name >= list[1].Name {
			t.Fatalf("%+v", list)
		}
		roles := map[string]Role{list[0].Organisation.ID: list[0].Role, list[1].Organisation.ID: list[1].Role}
		if roles[own.ID] != Administrator || roles[w.org.ID] != Observer {
			t.Errorf("%v", roles)
		}
		w.must(w.SetPersonStatus(w.ctx, System(), p.ID, StatusBlocked))
		if list, err := w.Memberships(w.ctx, p.ID); err != nil || len(list) != 0 {
			t.Errorf("of a blocked person: %v, %v", list, err)
		}
	})
}

func TestBlockingAPerson(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		m := w.members[Head]
		p, _ := w.Person(w.ctx, m.PersonID)
		admin, _ := w.Person(w.ctx, w.members[Administrator].PersonID)
		for _, actor := range []Actor{w.by(Administrator), {ClientID: "c", Permissions: Permissions()}, {}} {
			if err := w.SetPersonStatus(w.ctx, actor, p.ID, StatusBlocked); !errors.Is(err, ErrForbidden) {
				t.Errorf("%+v blocks: %v", actor, err)
			}
		}
		i, err := w.Invite(w.ctx, w.by(Head), w.org.ID, Invitation{LastName: "Ли", FirstName: "Ян", Email: "li@example.ru", Role: Observer})
		w.must(err)
		mark := w.mark()
		w.must(w.SetPersonStatus(w.ctx, System(), p.ID, StatusBlocked))
		if !w.revoked("person", p.ID) || w.below(p.ID, w.org.ID) != 2 {
			t.Error("his tokens live")
		}
		if _, err := w.Membership(w.ctx, p.ID, w.org.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("a member still: %v", err)
		}
		if _, err := w.UpdateOrganisation(w.ctx, w.by(Head), w.org.ID, OrganisationPatch{}); !errors.Is(err, ErrForbidden) {
			t.Errorf("acts still: %v", err)
		}
		if _, err := w.InvitationByToken(w.ctx, w.link(i.Email)); !errors.Is(err, ErrInvitationWithdrawn) {
			t.Errorf("his invitation lives: %v", err)
		}
		want := []string{admin.Email + ": " + w.org.Name + ": учётная запись сотрудника заблокирована", p.Email + ": Ваша учётная запись заблокирована"}
		if got := w.messages(mark); !slices.Equal(got, want) {
			t.Errorf("notices %q", got)
		}
		if got := w.actions(w.org.ID); !slices.Equal(got[len(got)-3:], []string{"invitation.withdrawn", "person.blocked", "organisation.updated refused forbidden"}) {
			t.Errorf("journal: %v", got)
		}
		// A token stolen before stays dead after the unblocking.
		w.must(w.SetPersonStatus(w.ctx, System(), p.ID, StatusActive))
		back, err := w.Membership(w.ctx, p.ID, w.org.ID)
		if err != nil || back.Member.Version != 2 || w.revoked("person", p.ID) || w.below(p.ID, w.org.ID) != 2 {
			t.Errorf("%+v, %v", back.Member, err)
		}
		if err := w.SetPersonStatus(w.ctx, System(), p.ID, "dead"); err == nil {
			t.Error("an unknown status is taken")
		}
		if err := w.SetPersonStatus(w.ctx, System(), "nobody", StatusBlocked); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// What a change owes is owed with it: when the outer transaction rolls back,
// nothing of it is left.
func TestRolledBackChangeLeavesNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		m, mark := w.members[Manager], w.mark()
		before := len(w.actions(w.org.ID))
		regret := errors.New("regret")
		err := w.db.Tx(w.ctx, func(ctx context.Context) error {
			if _, err := w.ChangeMember(ctx, w.by(Administrator), w.org.ID, m.ID, MemberChange{Role: ptr(Observer)}); err != nil {
				return err
			}
			return regret
		})
		if !errors.Is(err, regret) {
			t.Fatal(err)
		}
		got, err := w.Membership(w.ctx, m.PersonID, w.org.ID)
		if err != nil || got.Role != Manager || got.Member.Version != 1 || w.below(m.PersonID, w.org.ID) != 1 ||
			w.mark() != mark || len(w.actions(w.org.ID)) != before {
			t.Errorf("%+v, below %d, %v", got.Member, w.below(m.PersonID, w.org.ID), err)
		}
	})
}

// A house that can send no mail can still shut somebody out, but invites nobody.
func TestWithoutChannelsNoticesAreLeftOut(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.outbox = newOutbox(w.db, w.sealer, w.clock, false)
		w.must(w.RemoveMember(w.ctx, w.by(Administrator), w.org.ID, w.members[Operator].ID, nil))
		if _, err := w.Invite(w.ctx, w.by(Administrator), w.org.ID, Invitation{LastName: "Ли", FirstName: "Ян", Email: "li@example.ru", Role: Observer}); err == nil {
			t.Error("an invitation went nowhere, and nobody was told")
		}
	})
}

// A person without a mailbox is told by SMS, in his language.
func TestNoticeBySMS(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, err := w.CreatePerson(w.ctx, NewPerson{LastName: "Lee", FirstName: "Ian", Phone: "+79161112233", Locale: "en"})
		w.must(err)
		w.add(w.org.ID, p.ID, Observer)
		m := w.since(0)[0]
		if m.Channel != "sms" || m.To != "+79161112233" || m.Text != "You have access: "+w.org.Name {
			t.Errorf("%+v", m)
		}
	})
}

func BenchmarkMembership(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *storage.DB{"sqlite": storagetest.SQLite, "postgres": storagetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, open(b))
			m := w.members[Accountant]
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Membership(w.ctx, m.PersonID, w.org.ID); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPermissions(b *testing.B) {
	m := Member{Role: Accountant, Grants: PermissionList{FinanceWrite}, Denials: PermissionList{FilingsSign}}
	b.ReportAllocs()
	for b.Loop() {
		m.Permissions()
	}
}

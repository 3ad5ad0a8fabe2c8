package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/storage"
)

func (w *world) invite(by Role, email string, role Role) (Invitation, string) {
	w.t.Helper()
	i, err := w.Invite(w.ctx, w.by(by), w.org.ID, Invitation{LastName: "Ли", FirstName: "Ян", Email: email, Role: role})
	w.must(err)
	return i, w.link(i.Email)
}

// mailbox makes a person who has verified it.
func (w *world) mailbox(email string) Person {
	w.t.Helper()
	p, err := w.CreatePerson(w.ctx, NewPerson{LastName: "Ли", FirstName: "Ян", Email: email, EmailVerified: true})
	w.must(err)
	return p
}

func TestInvitationFromLetterToMember(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		i, err := w.Invite(w.ctx, w.by(Head), w.org.ID, Invitation{
			LastName: "Ли", FirstName: "Ян", Email: "Yan.Li@Example.ru", Phone: "8 916 111-22-33", Role: Accountant,
			Grants: PermissionList{RequestsWrite}, Denials: PermissionList{FilingsSign}, Position: "Бухгалтер",
			// What is the record's is not the caller's to set.
			ID: "mine", Status: InvitationAccepted, AcceptedBy: "me", OrganisationID: "other",
		})
		w.must(err)
		now := storage.Of(w.clock.Now())
		if i.ID == "mine" || i.OrganisationID != w.org.ID || i.Status != InvitationPending || i.AcceptedBy != "" ||
			i.Email != "yan.li@example.ru" || i.Phone != "+79161112233" || i.InvitedBy != w.members[Head].PersonID ||
			i.ExpiresAt != now.Add(7*24*time.Hour) {
			t.Errorf("%+v", i)
		}
		letter := w.since(0)[0]
		token := w.link("yan.li@example.ru")
		wantText := "Здравствуйте, Ли Ян!\n\nВас приглашают в личный кабинет организации " + w.org.Name + ". Роль: Бухгалтер.\n\n" +
			"Чтобы принять приглашение, откройте ссылку:\nhttps://id.example/invitations/" + token + "\n\n" +
			"Ссылка действует до " + i.ExpiresAt.Time().Format("02.01.2006 15:04") + " (UTC) и срабатывает один раз. Если вы не ждали приглашения, не открывайте её."
		if letter.Text != wantText || letter.Subject != "Приглашение в организацию "+w.org.Name || letter.Channel != "email" {
			t.Errorf("%+v", letter)
		}
		if len(token) != 43 {
			t.Errorf("a token of %d characters", len(token))
		}
		v, err := w.InvitationByToken(w.ctx, token)
		if err != nil || v.Organisation.Name != w.org.Name || v.Invitation.ID != i.ID || v.PersonID != "" || v.Invitation.FullName() != "Ли Ян" {
			t.Errorf("%+v, %v", v, err)
		}
		p := w.mailbox("yan.li@example.ru")
		if v, err = w.InvitationByToken(w.ctx, token); err != nil || v.PersonID != p.ID {
			t.Errorf("%v, %v", v.PersonID, err)
		}
		mark := w.mark()
		m, err := w.AcceptInvitation(w.ctx, Actor{PersonID: p.ID}, token, p.ID)
		w.must(err)
		if m.Organisation.ID != w.org.ID || m.PersonID != p.ID || m.Role != Accountant || m.Position != "Бухгалтер" || m.ActivatedAt != now ||
			!slices.Contains(m.Permissions(), RequestsWrite) || slices.Contains(m.Permissions(), FilingsSign) {
			t.Errorf("%+v", m)
		}
		if got := w.actions(w.org.ID); !slices.Equal(got[len(got)-3:], []string{"invitation.created", "invitation.accepted", "member.added"}) {
			t.Errorf("journal: %v", got)
		}
		if got := w.messages(mark); len(got) != 2 {
			t.Errorf("notices: %q", got)
		}
		open, next, err := w.Invitations(w.ctx, w.org.ID, Page{})
		if err != nil || len(open) != 0 || next != "" {
			t.Errorf("still open: %v, %v", open, err)
		}
	})
}

// The database holds no token: who reads it can accept nothing.
func TestInvitationTokenIsStoredHashed(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		_, token := w.invite(Head, "li@example.ru", Observer)
		var hash string
		w.must(w.db.Get(w.ctx, &hash, `SELECT token_hash FROM invitations`))
		if strings.Contains(hash, token) || len(hash) != 64 {
			t.Error(hash)
		}
		if _, err := w.InvitationByToken(w.ctx, hash); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("the hash opens: %v", err)
		}
	})
}

func TestInvitationOpensForItsMailboxOnly(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		_, token := w.invite(Head, "li@example.ru", Observer)
		unverified, err := w.CreatePerson(w.ctx, NewPerson{LastName: "Ли", FirstName: "Ян", Email: "li@example.ru"})
		w.must(err)
		other, blocked := w.person("other"), w.person("blocked")
		w.must(w.SetPersonStatus(w.ctx, System(), blocked.ID, StatusBlocked))
		for _, test := range []struct {
			name  string
			actor Actor
			who   string
			token string
			want  error
		}{
			{"another mailbox", Actor{PersonID: other.ID}, other.ID, token, ErrOtherPerson},
			{"the mailbox, not verified", Actor{PersonID: unverified.ID}, unverified.ID, token, ErrOtherPerson},
			{"for somebody else", Actor{PersonID: other.ID}, unverified.ID, token, ErrForbidden},
			{"by a client", Actor{ClientID: "c", Permissions: Permissions()}, unverified.ID, token, ErrForbidden},
			{"a blocked person", Actor{PersonID: blocked.ID}, blocked.ID, token, ErrBlocked},
			{"a person who is not", Actor{PersonID: "x"}, "x", token, storage.ErrNotFound},
			{"an unknown token", Actor{PersonID: other.ID}, other.ID, token + "x", storage.ErrNotFound},
			{"no token", Actor{PersonID: other.ID}, other.ID, "", storage.ErrNotFound},
		} {
			if _, err := w.AcceptInvitation(w.ctx, test.actor, test.token, test.who); !errors.Is(err, test.want) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		w.must(w.ConfirmContact(w.ctx, unverified.ID, "email", "li@example.ru"))
		if _, err := w.AcceptInvitation(w.ctx, Actor{PersonID: unverified.ID}, token, unverified.ID); err != nil {
			t.Errorf("the right person, after all that: %v", err)
		}
	})
}

func TestInvitationIsAcceptedOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		_, token := w.invite(Administrator, "li@example.ru", Administrator)
		p := w.mailbox("li@example.ru")
		const racers = 40
		errs := make([]error, racers)
		var done sync.WaitGroup
		for i := range racers {
			done.Go(func() { _, errs[i] = w.AcceptInvitation(w.ctx, Actor{PersonID: p.ID}, token, p.ID) })
		}
		done.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, storage.ErrUsed) {
				t.Fatal(err)
			}
		}
		if won != 1 || w.administrators(w.org.ID) != 2 {
			t.Errorf("%d of %d won, %d administrators", won, racers, w.administrators(w.org.ID))
		}
		m, err := w.Membership(w.ctx, p.ID, w.org.ID)
		w.must(err)
		w.must(w.RemoveMember(w.ctx, w.by(Administrator), w.org.ID, m.Member.ID, nil))
		if _, err := w.AcceptInvitation(w.ctx, Actor{PersonID: p.ID}, token, p.ID); !errors.Is(err, storage.ErrUsed) {
			t.Errorf("the removed member came back by his old link: %v", err)
		}
	})
}

func TestInvitationExpiresAndIsSentAgain(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		i, old := w.invite(Head, "li@example.ru", Observer)
		p := w.mailbox("li@example.ru")
		w.clock.Advance(7 * 24 * time.Hour)
		v, err := w.InvitationByToken(w.ctx, old)
		if !errors.Is(err, ErrInvitationExpired) || v.Organisation.Name != w.org.Name {
			t.Errorf("%+v, %v", v, err)
		}
		if _, err := w.AcceptInvitation(w.ctx, Actor{PersonID: p.ID}, old, p.ID); !errors.Is(err, ErrInvitationExpired) {
			t.Errorf("accepted after its time: %v", err)
		}
		open, _, err := w.Invitations(w.ctx, w.org.ID, Page{})
		if err != nil || len(open) != 1 || !open[0].Expired(storage.Of(w.clock.Now())) {
			t.Errorf("%+v, %v", open, err)
		}
		again, err := w.ResendInvitation(w.ctx, w.by(Administrator), w.org.ID, i.ID)
		w.must(err)
		fresh := w.link("li@example.ru")
		if again.ID != i.ID || again.Expired(storage.Of(w.clock.Now())) || again.InvitedBy != w.members[Administrator].PersonID || fresh == old {
			t.Errorf("%+v", again)
		}
		if _, err := w.InvitationByToken(w.ctx, old); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("the old link works: %v", err)
		}
		if _, err := w.AcceptInvitation(w.ctx, Actor{PersonID: p.ID}, fresh, p.ID); err != nil {
			t.Errorf("the new link does not: %v", err)
		}
		if _, err := w.ResendInvitation(w.ctx, w.by(Head), w.org.ID, i.ID); !errors.Is(err, storage.ErrUsed) {
			t.Errorf("sent again after it was accepted: %v", err)
		}
	})
}

func TestInvitationIsWithdrawn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		i, token := w.invite(Administrator, "li@example.ru", Observer)
		p := w.mailbox("li@example.ru")
		other := w.person("other")
		b, _ := w.organisation(other.ID)
		if err := w.WithdrawInvitation(w.ctx, Actor{PersonID: other.ID}, b.ID, i.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("another organisation withdraws: %v", err)
		}
		if _, err := w.ResendInvitation(w.ctx, Actor{PersonID: other.ID}, b.ID, i.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("another organisation sends: %v", err)
		}
		if err := w.WithdrawInvitation(w.ctx, w.by(Manager), w.org.ID, i.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("a manager withdraws: %v", err)
		}
		w.must(w.WithdrawInvitation(w.ctx, w.by(Head), w.org.ID, i.ID))
		if _, err := w.AcceptInvitation(w.ctx, Actor{PersonID: p.ID}, token, p.ID); !errors.Is(err, ErrInvitationWithdrawn) {
			t.Errorf("accepted all the same: %v", err)
		}
		if err := w.WithdrawInvitation(w.ctx, w.by(Head), w.org.ID, i.ID); !errors.Is(err, ErrInvitationWithdrawn) {
			t.Errorf("withdrawn twice: %v", err)
		}
		if _, err := w.ResendInvitation(w.ctx, w.by(Head), w.org.ID, i.ID); !errors.Is(err, ErrInvitationWithdrawn) {
			t.Errorf("sent again: %v", err)
		}
		if e := w.lastEntry(w.org.ID); e.Action != "invitation.withdrawn" && e.Action != "invitation.resent" {
			t.Errorf("%+v", e)
		}
	})
}

func TestOneOpenInvitationForAMailbox(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.invite(Head, "li@example.ru", Observer)
		again := Invitation{LastName: "Ли", FirstName: "Ян", Email: "LI@example.ru", Role: Manager}
		var fault *FieldError
		if _, err := w.Invite(w.ctx, w.by(Head), w.org.ID, again); !errors.As(err, &fault) || fault.Field != "email" || fault.Code != "invited" {
			t.Errorf("invited twice: %v", err)
		}
		w.clock.Advance(8 * 24 * time.Hour)
		i, err := w.Invite(w.ctx, w.by(Head), w.org.ID, again)
		w.must(err)
		p := w.mailbox("li@example.ru")
		_, err = w.AcceptInvitation(w.ctx, Actor{PersonID: p.ID}, w.link(i.Email), p.ID)
		w.must(err)
		if _, err := w.Invite(w.ctx, w.by(Head), w.org.ID, again); !errors.As(err, &fault) || fault.Code != "member" {
			t.Errorf("a member is invited: %v", err)
		}
	})
}

func TestInvitationGrantsNoMoreThanTheInviterHolds(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		i := Invitation{LastName: "Ли", FirstName: "Ян", Email: "li@example.ru", Role: Observer}
		with := func(change func(*Invitation)) Invitation { j := i; change(&j); return j }
		for _, test := range []struct {
			name  string
			actor Actor
			i     Invitation
		}{
			{"a manager invites", w.by(Manager), i},
			{"a head invites an administrator", w.by(Head), with(func(i *Invitation) { i.Role = Administrator })},
			{"a head grants payments", w.by(Head), with(func(i *Invitation) { i.Grants = PermissionList{FinanceWrite} })},
			{"a client invites an administrator", Actor{ClientID: "c", Permissions: Permissions()}, with(func(i *Invitation) { i.Role = Administrator })},
			{"a stranger invites", Actor{PersonID: w.person("x").ID}, i},
			{"nobody invites", Actor{}, i},
		} {
			if _, err := w.Invite(w.ctx, test.actor, w.org.ID, test.i); !errors.Is(err, ErrForbidden) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		// To send again what one could not invite is to grant it.
		admin, _ := w.invite(Administrator, "boss@example.ru", Administrator)
		if _, err := w.ResendInvitation(w.ctx, w.by(Head), w.org.ID, admin.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("a head sends an administrator's invitation again: %v", err)
		}
		if err := w.WithdrawInvitation(w.ctx, w.by(Head), w.org.ID, admin.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("a head withdraws an administrator's invitation: %v", err)
		}
		for _, nothing := range []string{"", " \t"} {
			_, err := w.Invite(w.ctx, w.by(Head), w.org.ID, with(func(i *Invitation) { i.Email, i.Role, i.FirstName = nothing, "x", "<b>" }))
			if err == nil || err.Error() != "directory: fields: first_name: invalid, email: required, role: invalid" {
				t.Errorf("unchecked: %v", err)
			}
		}
	})
}

// Somebody about to be removed invites his other mailbox first.
func TestInvitationsDoNotOutliveTheirGiversRights(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		second := w.add(w.org.ID, w.person("second").ID, Administrator)
		by := Actor{PersonID: second.PersonID}
		links := map[string]string{}
		for email, role := range map[string]Role{"admin@example.ru": Administrator, "acc@example.ru": Accountant} {
			_, err := w.Invite(w.ctx, by, w.org.ID, Invitation{LastName: "Ли", FirstName: "Ян", Email: email, Role: role})
			w.must(err)
			links[email] = w.link(email)
		}
		_, kept := w.invite(Administrator, "kept@example.ru", Administrator)
		// As a head he could still invite the accountant, but no administrator.
		_, err := w.ChangeMember(w.ctx, w.by(Administrator), w.org.ID, second.ID, MemberChange{Role: ptr(Head)})
		w.must(err)
		if _, err := w.InvitationByToken(w.ctx, links["admin@example.ru"]); !errors.Is(err, ErrInvitationWithdrawn) {
			t.Errorf("the administrator's: %v", err)
		}
		if _, err := w.InvitationByToken(w.ctx, links["acc@example.ru"]); err != nil {
			t.Errorf("the accountant's: %v", err)
		}
		w.must(w.RemoveMember(w.ctx, w.by(Administrator), w.org.ID, second.ID, nil))
		if _, err := w.InvitationByToken(w.ctx, links["acc@example.ru"]); !errors.Is(err, ErrInvitationWithdrawn) {
			t.Errorf("after the removal: %v", err)
		}
		if _, err := w.InvitationByToken(w.ctx, kept); err != nil {
			t.Errorf("somebody else's: %v", err)
		}
	})
}

// Acceptance and withdrawal at the same moment: one of them happens.
func TestWithdrawalRacesAcceptance(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for round := range 10 {
			email := fmt.Sprintf("li.%d@example.ru", serial.Add(1))
			i, token := w.invite(Head, email, Observer)
			p := w.mailbox(email)
			var accepted, withdrawn error
			var done sync.WaitGroup
			done.Go(func() { _, accepted = w.AcceptInvitation(w.ctx, Actor{PersonID: p.ID}, token, p.ID) })
			done.Go(func() { withdrawn = w.WithdrawInvitation(w.ctx, w.by(Head), w.org.ID, i.ID) })
			done.Wait()
			_, err := w.Membership(w.ctx, p.ID, w.org.ID)
			member := err == nil
			if member != (accepted == nil) || member == (withdrawn == nil) {
				t.Fatalf("round %d: member %v, accepted: %v, withdrawn: %v", round, member, accepted, withdrawn)
			}
		}
	})
}

func TestInvitationToAMemberIsRefused(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		_, token := w.invite(Head, "li@example.ru", Observer)
		p := w.mailbox("li@example.ru")
		w.add(w.org.ID, p.ID, Manager)
		if _, err := w.AcceptInvitation(w.ctx, Actor{PersonID: p.ID}, token, p.ID); !errors.Is(err, storage.ErrExists) {
			t.Error(err)
		}
		if m, err := w.Membership(w.ctx, p.ID, w.org.ID); err != nil || m.Role != Manager {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

// A new person is made and accepts in one transaction, as the sign-in does.
func TestNewPersonAcceptsInOneTransaction(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		_, token := w.invite(Head, "new@example.ru", Manager)
		var m Membership
		err := w.db.Tx(w.ctx, func(ctx context.Context) error {
			v, err := w.InvitationByToken(ctx, token)
			if err != nil {
				return err
			}
			p, err := w.CreatePerson(ctx, NewPerson{
				LastName: v.Invitation.LastName, FirstName: v.Invitation.FirstName, Email: v.Invitation.Email, EmailVerified: true,
			})
			if err != nil {
				return err
			}
			if err := w.SetPasswordHash(ctx, p.ID, "$hash"); err != nil {
				return err
			}
			m, err = w.AcceptInvitation(ctx, Actor{PersonID: p.ID}, token, p.ID)
			return err
		})
		if err != nil || m.Role != Manager {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

func TestEnglishLetter(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		_, err := w.CreatePerson(w.ctx, NewPerson{LastName: "Lee", FirstName: "Ian", Email: "lee@example.ru", Locale: "en"})
		w.must(err)
		w.invite(Head, "lee@example.ru", Observer)
		m := w.since(0)[0]
		if m.Subject != "Invitation to "+w.org.Name || !strings.Contains(m.Text, "Role: Observer.") {
			t.Errorf("%+v", m)
		}
	})
}

// Braces in a name stay a name.
func TestTextsAreFilledInOnePass(t *testing.T) {
	t.Parallel()
	subject, _ := notice{action: "member.added", organisation: "{person}", person: "{role}"}.render("en")
	if subject != "{person}: a new member" {
		t.Error(subject)
	}
	for action, both := range texts {
		for _, x := range []text{both.ru, both.en} {
			if x.subject == "" || x.body == "" {
				t.Errorf("%s has no text", action)
			}
		}
		if strings.HasSuffix(action, ".you") && strings.Contains(both.ru.body, "{person}") {
			t.Errorf("%s speaks of the person to the person", action)
		}
	}
}

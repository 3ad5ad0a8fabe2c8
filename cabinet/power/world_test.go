package power_test

import (
	"bytes"
	"cmp"
	"context"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/cabinet/power"
	"propusk/cabinet/power/emchd"
	"propusk/cabinet/power/powertest"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/file/filetest"
	"propusk/storage/outbox"
	"propusk/storage/storagetest"
)

// world is a cabinet with the room of powers, an office Alpha with a head whose
// numbers are proved, and a bookkeeper outside it.
type world struct {
	*cabinettest.World
	room    *power.Powers
	judge   *moody
	routes  api.Room
	notices *notice.Notices

	alpha      *cabinettest.Office
	head       directory.MemberView
	company    signaturetest.Holder // the certificate of Alpha and its head
	bookkeeper directory.Person
}

// moody is a verifier that can be away.
type moody struct {
	signature.Verifier
	away bool
}

func (m *moody) Verify(ctx context.Context, r signature.Request) (signature.Verdict, error) {
	if m.away {
		return signature.Verdict{}, signature.ErrBusy
	}
	return m.Verifier.Verify(ctx, r)
}

const (
	headSNILS       = "11223344595"
	bookkeeperSNILS = "15376847200"
)

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(t, newWorld(t, db)) })
}

func newWorld(t *testing.T, db *storage.DB) *world {
	t.Helper()
	w := new(world)
	w.World = cabinettest.New(t, db, func(b cabinettest.Base) []api.Room {
		var err error
		w.notices, err = notice.New(notice.Deps{
			DB: b.DB, Jobs: b.Jobs, Outbox: b.Outbox, Events: b.Memory, Revoked: b.Revoked, Sealer: b.Sealer, Directory: b.Directory,
			Journal: b.Journal, VAPID: &outbox.VAPID{DB: b.DB, Sealer: b.Sealer, Now: b.Clock.Now}, BaseURL: cabinettest.Issuer, Now: b.Clock.Now, Log: b.Log,
		})
		cabinettest.Must(t, err)
		w.judge = &moody{Verifier: b.Authority.Verifier}
		w.room, err = power.New(power.Deps{
			DB: b.DB, Directory: b.Directory, Files: filetest.Store(t, db, b.Clock.Now), Verifier: w.judge,
			Sealer: b.Sealer, Tell: w.notices.Tell, Now: b.Clock.Now, Log: b.Log,
		})
		cabinettest.Must(t, err)
		w.routes = w.room.Room()
		return []api.Room{w.routes}
	})
	w.alpha = w.Office("Alpha", directory.Roles()...)
	w.prove(w.alpha.Members[directory.Head].Person.ID, headSNILS)
	w.head = w.Fresh(w.alpha, w.alpha.Members[directory.Head])
	w.company = w.Authority.Issue(t, signature.Subject{
		LastName: "Северный", GivenNames: "Андрей", Organisation: w.alpha.Name, SNILS: headSNILS, INNLE: w.alpha.INN, OGRN: w.alpha.OGRN,
	})
	w.bookkeeper = w.Person("Outside")
	w.prove(w.bookkeeper.ID, bookkeeperSNILS)
	return w
}

func (w *world) prove(personID, snils string) {
	w.T.Helper()
	cabinettest.Must(w.T, w.Directory.VerifyNumbers(context.Background(), directory.System(), personID, snils, ""))
}

// form is a good power of Alpha to the bookkeeper for VAT returns.
func (w *world) form(changes ...func(f *emchd.Form)) emchd.Form {
	return powertest.Form(append([]func(f *emchd.Form){func(f *emchd.Form) {
		f.Principals = []emchd.Party{{
			Kind: emchd.KindOrganisation, Name: w.alpha.Name, INN: w.alpha.INN, KPP: w.alpha.KPP, OGRN: w.alpha.OGRN,
			Heads: []emchd.Party{{Kind: emchd.KindPerson, SNILS: headSNILS, LastName: "Северный", FirstName: "Андрей"}},
		}}
		f.IssuedOn, f.Until = w.day(0), w.day(100)
	}}, changes...)...)
}

func (w *world) day(days int) string {
	return w.Clock.Now().In(time.FixedZone("MSK", 3*60*60)).AddDate(0, 0, days).Format(time.DateOnly)
}

// part is a part of a multipart request.
type part struct {
	name, file string
	content    []byte
}

func multi(t testing.TB, parts ...part) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for _, p := range parts {
		if p.content == nil {
			continue
		}
		var err error
		if p.file != "" {
			into, made := form.CreateFormFile(p.name, p.file)
			if err = made; err == nil {
				_, err = into.Write(p.content)
			}
		} else {
			err = form.WriteField(p.name, string(p.content))
		}
		cabinettest.Must(t, err)
	}
	cabinettest.Must(t, form.Close())
	return b.Bytes(), form.FormDataContentType()
}

// send posts parts as a member of Alpha.
func (w *world) send(path, token string, parts ...part) cabinettest.Reply {
	w.T.Helper()
	body, kind := multi(w.T, parts...)
	return w.Do("POST", path, token, body, "Content-Type", kind)
}

const powers = "/v1/powers-of-attorney"

// bring imports a form signed by somebody.
func (w *world) bring(f emchd.Form, by signaturetest.Holder) cabinettest.Reply {
	w.T.Helper()
	xml := emchd.Write(f)
	return w.send(powers, w.Token(w.alpha, directory.Head),
		part{"file", emchd.FileID(f.Number, f.IssuedOn) + ".xml", xml}, part{"signature", "a.sig", by.Sign(w.T, xml)})
}

// seen is a power as a test reads it.
type seen struct {
	ID, Number, Form, Status, Reason string
	ParentID                         string `json:"parent_id"`
	Until                            string
	Allows, Performers               []string
	Permissions                      []directory.Permission
	Limits                           directory.PowerLimits
	Representative                   struct{ Name, SNILS, INN string }
	Requisites                       struct {
		Representative struct{ Document string } `json:"representative_identity"`
		Notary         struct {
			Number string `json:"registry_number"`
		}
	}
	Validation struct {
		Status   string
		Messages []struct {
			Code, Text string
			Line       int
		}
		Signature struct {
			Accepted bool
			Signer   string
		}
	}
	HasSign bool `json:"has_signature"`
	Actions []api.Action
}

func (w *world) given(f emchd.Form) seen {
	w.T.Helper()
	return w.read(w.Expect(w.bring(f, w.company), http.StatusCreated, ""))
}

func (w *world) read(reply cabinettest.Reply) (s seen) {
	w.T.Helper()
	reply.Into(w.T, &s)
	return s
}

// representative is a token of a person who acts for Alpha by power, as the issuer
// makes it.
func (w *world) representative(person directory.Person, changes map[string]any) string {
	w.T.Helper()
	r, err := w.Directory.Representation(context.Background(), person.ID, w.alpha.ID)
	cabinettest.Must(w.T, err)
	first := r.Powers[0]
	claims := cabinettest.But(w.Claims(w.alpha, directory.MemberView{Person: person}), map[string]any{
		"roles": []string{}, "permissions": r.Permissions(), "mv": r.Version, "acr": cabinettest.Qualified,
		"poa": map[string]any{"id": first.ID, "number": first.Number, "until": first.ValidUntil.Time().Unix()},
	})
	return cabinettest.Sign(w.T, cabinettest.But(claims, changes))
}

// outsider is a token of a person without an organisation.
func (w *world) outsider(person directory.Person) string {
	return cabinettest.Sign(w.T, cabinettest.But(w.Claims(nil, directory.MemberView{Person: person}), map[string]any{"acr": cabinettest.Qualified}))
}

// actions fails unless the person's own page of a power offers just these acts: each with
// "allowed", or the reason why not.
func (w *world) actions(token, id, want string) {
	w.T.Helper()
	var view struct{ Actions []api.Action }
	w.Expect(w.Do("GET", "/v1/me/powers/"+id, token, nil), http.StatusOK, "").Into(w.T, &view)
	told := make([]string, len(view.Actions))
	for i, a := range view.Actions {
		told[i] = a.Action + " " + cmp.Or(a.Reason, "allowed")
	}
	if got := strings.Join(told, ", "); got != want {
		w.T.Errorf("the actions are %s, want %s", got, want)
	}
}

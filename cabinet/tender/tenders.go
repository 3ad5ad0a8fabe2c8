package tender

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/cabinet/authority"
	"propusk/cabinet/notice"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/jobs"
	"propusk/storage/journal"
)

// Register is the outside system that publishes announcements; *authority.Tenders.
type Register interface {
	Since(ctx context.Context, after string) (authority.TenderPage, error)
	Participant(ctx context.Context, inn string) (authority.Participant, error)
	Participations(ctx context.Context, inn, after string) (authority.ParticipationPage, error)
	Document(ctx context.Context, number, id string) ([]byte, error)
}

// Gateway is what the room needs of *authority.Gateway.
type Gateway interface {
	Submit(ctx context.Context, load authority.Load) error
	Load(kind string, fn func(ctx context.Context, id string) (authority.Submission, error))
	Handle(kind string, fn func(ctx context.Context, a authority.Answer) error)
	Watch(kind string, fn func(ctx context.Context, d authority.Delivery) error)
}

// Notices is what the room needs of *notice.Notices.
type Notices interface {
	Tell(ctx context.Context, e notice.Event) error
}

// Archive is the organisation's documents: the file of one that the actor may read;
// storage.ErrNotFound, directory.ErrForbidden.
type Archive func(ctx context.Context, actor directory.Actor, organisationID, documentID string) (name, fileID string, err error)

// Gate says what of the organisation's legal status closes procurement to it: codes,
// none when nothing does.
type Gate func(ctx context.Context, organisationID string) ([]string, error)

// Deps is what the room stands on. Everything is required but Register and Metrics.
type Deps struct {
	DB        *storage.DB
	Directory *directory.Directory
	Journal   *journal.Journal
	Files     *file.Store
	Gateway   Gateway
	Notices   Notices
	Paper     *paper.Paper
	Verifier  signature.Verifier
	Jobs      *jobs.Runner // not started yet
	Archive   Archive
	Gate      Gate
	Register  Register              // nil: none is configured, and no announcement comes
	Metrics   prometheus.Registerer // nil: nothing is measured
	Now       func() time.Time
	Log       *slog.Logger
}

// Tenders is the room.
type Tenders struct {
	Deps
	metrics *metrics
	fetches chan struct{} // holds one for each document of the register that is in memory
	judging chan struct{} // holds one for each signature that is judged
}

const (
	// fetchesAtATime bounds the register's documents in memory.
	fetchesAtATime = 4
	// judgedAtATime bounds the signatures that are judged.
	judgedAtATime = 4
	// The kinds of what this room sends.
	kindApplication  = "tender"
	kindWithdrawal   = "tender_withdrawal"
	kindRegistration = "tender_registration"
	// The kinds of its jobs.
	jobMatch    = "tender/match"
	jobRemember = "tender/remember"
)

// RecipientCode is by which bodies of the configuration take what this room sends.
const RecipientCode = "zakupki"

// New checks the dependencies once and hangs the room on the gateway and the jobs.
func New(deps Deps) (*Tenders, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	t := &Tenders{Deps: deps, fetches: make(chan struct{}, fetchesAtATime), judging: make(chan struct{}, judgedAtATime)}
	var err error
	if t.metrics, err = newMetrics(deps.Metrics); err != nil {
		return nil, err
	}
	t.Gateway.Load(kindApplication, t.loadApplication)
	t.Gateway.Handle(kindApplication, t.answered)
	t.Gateway.Watch(kindApplication, t.delivered)
	t.Gateway.Load(kindWithdrawal, t.loadWithdrawal)
	t.Gateway.Handle(kindWithdrawal, t.withdrawalAnswered)
	t.Gateway.Watch(kindWithdrawal, t.withdrawalDelivered)
	t.Gateway.Load(kindRegistration, t.loadRegistration)
	t.Gateway.Handle(kindRegistration, t.registrationAnswered)
	t.Gateway.Watch(kindRegistration, t.registrationDelivered)
	t.Jobs.Handle(jobMatch, t.match)
	t.Jobs.Handle(jobRemember, t.rememberJob)
	if t.Register != nil {
		t.Jobs.Every("tender/bring", bringEvery, t.Bring)
		t.Jobs.Every("tender/remember-all", 24*time.Hour, t.RememberAll)
	}
	t.Jobs.Every("tender/remind", time.Hour, t.Remind)
	return t, nil
}

func (d Deps) check() error {
	for name, missing := range map[string]bool{
		"DB": d.DB == nil, "Directory": d.Directory == nil, "Journal": d.Journal == nil, "Files": d.Files == nil, "Gateway": d.Gateway == nil,
		"Notices": d.Notices == nil, "Paper": d.Paper == nil, "Verifier": d.Verifier == nil, "Jobs": d.Jobs == nil, "Archive": d.Archive == nil,
		"Gate": d.Gate == nil, "Now": d.Now == nil, "Log": d.Log == nil,
	} {
		if missing {
			return errors.New("tender: " + name + " is required")
		}
	}
	return nil
}

func (t *Tenders) now() storage.Time { return storage.Of(t.Now()) }

// moscow is the zone of the register's days: Moscow has kept it all year since 2014.
var moscow = time.FixedZone("MSK", 3*60*60)

// words are a text in the languages of the house.
type words struct{ ru, en string }

func (w words) in(lang string) string {
	if lang == "en" {
		return w.en
	}
	return w.ru
}

package payment

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/cabinet/authority"
	"propusk/cabinet/notice"
	"propusk/cabinet/paper"
	"propusk/cabinet/payment/provider"
	"propusk/cabinet/request"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
)

// Deps is what the room stands on. Everything is required but Provider, Verifier,
// Charges and Metrics.
type Deps struct {
	DB        *storage.DB
	Ephemeral storage.Ephemeral // counts questions and codes
	Sealer    *storage.Sealer   // gives the key of codes
	Jobs      *jobs.Runner      // not started yet
	Outbox    *outbox.Outbox
	Journal   *journal.Journal
	Directory *directory.Directory
	Notices   Notices
	Gateway   Gateway
	Provider  Provider           // nil: nothing can be paid here, only seen
	Verifier  signature.Verifier // nil: nothing can be paid from an account
	Tickets   Tickets
	Paper     *paper.Paper
	Files     *file.Store
	// Charges is the code of the body that is asked for accruals; "": none is.
	Charges string
	BaseURL string // where the cabinet stands, for the provider
	Now     func() time.Time
	Log     *slog.Logger
	Metrics prometheus.Registerer // nil: nothing is measured
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

// Provider is what the room needs of *provider.Provider.
type Provider interface {
	Create(ctx context.Context, o provider.Order) (provider.State, error)
	Find(ctx context.Context, id string) (provider.State, error)
	Read(r *http.Request) (provider.State, error)
}

// Tickets is what the room needs of *request.Inbox.
type Tickets interface {
	Open(ctx context.Context, actor directory.Actor, organisationID string, n request.NewRequest) (request.Request, error)
}

// Payments keeps what organisations owe and has it paid.
type Payments struct {
	Deps
	metrics *metrics
	codeKey []byte
}

const (
	jobLook    = "payment/look"
	jobReceipt = "payment/receipt"
	// submissionKind is that of inquiries for accruals.
	submissionKind = "charges"
)

// New checks the dependencies and registers what the room does by itself.
func New(deps Deps) (*Payments, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	p := &Payments{Deps: deps, codeKey: deps.Sealer.Key("codes of payment accounts 1")}
	var err error
	if p.metrics, err = newMetrics(deps.Metrics); err != nil {
		return nil, err
	}
	deps.Jobs.Handle(jobLook, p.lookJob)
	deps.Jobs.Handle(jobReceipt, p.receiptJob)
	deps.Jobs.Every("payment/tend", 20*time.Second, p.tend)
	deps.Jobs.Every("payment/inquire", 10*time.Minute, p.inquireDue)
	deps.Jobs.Every("payment/remind", 10*time.Minute, p.remindDue)
	deps.Gateway.Load(submissionKind, p.submission)
	deps.Gateway.Handle(submissionKind, p.answered)
	deps.Gateway.Watch(submissionKind, p.delivered)
	return p, nil
}

func (d Deps) check() error {
	for name, missing := range map[string]bool{
		"DB": d.DB == nil, "Ephemeral": d.Ephemeral == nil, "Sealer": d.Sealer == nil, "Jobs": d.Jobs == nil, "Outbox": d.Outbox == nil,
		"Journal": d.Journal == nil, "Directory": d.Directory == nil, "Notices": d.Notices == nil, "Gateway": d.Gateway == nil,
		"Tickets": d.Tickets == nil, "Paper": d.Paper == nil, "Files": d.Files == nil, "BaseURL": d.BaseURL == "", "Now": d.Now == nil, "Log": d.Log == nil,
	} {
		if missing {
			return errors.New("payment: " + name + " is required")
		}
	}
	return nil
}

func (p *Payments) now() storage.Time { return storage.Of(p.Now()) }

// today is the day in Moscow, at midnight UTC.
func (p *Payments) today() storage.Time { return dayOf(p.Now()) }

// The refusals of the room beside those of the directory.
var (
	// ErrState: the payment's status does not let this happen.
	ErrState = errors.New("payment: not in this state")
	// ErrStale: it has changed since the caller saw it.
	ErrStale = errors.New("payment: changed meanwhile")
	// ErrTaken: a payment of the accrual is under way.
	ErrTaken = errors.New("payment: the accrual is being paid")
	// ErrNothingDue: the accrual is paid or withdrawn.
	ErrNothingDue = errors.New("payment: nothing is to be paid")
	// ErrChanged: the accrual has another sum than the caller saw.
	ErrChanged = errors.New("payment: the accrual's sum has changed")
	// ErrTooMany: too many payments of the organisation are open.
	ErrTooMany = errors.New("payment: too many at a time")
	// ErrUnavailable: no provider is configured.
	ErrUnavailable = errors.New("payment: nothing can be paid here")
)

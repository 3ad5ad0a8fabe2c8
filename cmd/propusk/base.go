package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"propusk/conf"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/factor/passkey"
	"propusk/idp/signals"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
)

// base is what every command stands on: the durable state, the short-lived
// state, and who is who. Nothing in it runs by itself.
type base struct {
	cfg     conf.Config
	log     *slog.Logger
	now     func() time.Time
	metrics *prometheus.Registry

	db          *storage.DB
	volatile    storage.Volatile
	sealer      *storage.Sealer
	journal     *journal.Journal
	jobs        *jobs.Runner
	outbox      *outbox.Outbox
	vapid       *outbox.VAPID // by which push services know this house
	revocations *revocation.Log
	directory   *directory.Directory

	apart         *factor.Apart // where serve hashes passwords; nil: here
	locks         *factor.Locks
	passwords     *factor.Passwords
	totp          *factor.TOTP
	codes         *factor.Codes
	recoveryCodes *factor.RecoveryCodes
	pins          *factor.PINs
	devices       *factor.Devices
	passkeys      *passkey.Passkeys

	keepMessages bool // the demo's outbox
}

// baseOption changes what one command needs otherwise.
type baseOption func(*base)

// keepingMessages has the outbox keep what it delivered, readable.
func keepingMessages(b *base) { b.keepMessages = true }

// openBase connects, migrates where the configuration says so, and builds.
func openBase(ctx context.Context, cfg conf.Config, log *slog.Logger, options ...baseOption) (*base, error) {
	b := &base{cfg: cfg, log: log, now: time.Now, metrics: prometheus.NewRegistry()}
	for _, option := range options {
		option(b)
	}
	b.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	err := b.openState(ctx)
	if err == nil {
		err = b.build()
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// openState opens the database, the short-lived state and the sealer.
func (b *base) openState(ctx context.Context) (err error) {
	address, err := databaseURL(b.cfg.Database.URL.Reveal())
	if err != nil {
		return err
	}
	if b.db, err = storage.Open(ctx, address); err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	b.metrics.MustRegister(b.db.Collector())
	if b.cfg.Database.Migrate {
		if err := b.db.Migrate(ctx); err != nil {
			return fmt.Errorf("bring the database up to date: %w", err)
		}
	}
	master, err := masterKey(b.cfg, address)
	if err != nil {
		return err
	}
	if b.sealer, err = storage.NewSealer(master); err != nil {
		return fmt.Errorf("use the master key: %w", err)
	}
	if address := b.cfg.Redis.URL.Reveal(); address != "" {
		b.volatile, err = storage.NewRedis(ctx, address)
	} else {
		b.volatile = storage.NewMemory(b.now)
	}
	if err != nil {
		return err
	}
	if warning := stateWarning(ctx, b.volatile); warning != "" {
		b.log.WarnContext(ctx, warning+": strangers are not held to their shares, or locks and replay marks are lost")
	}
	b.metrics.MustRegister(storage.FullnessGauge(b.volatile))
	return nil
}

// build makes the parts over the state; none of them starts to work.
func (b *base) build() (err error) {
	b.journal = journal.New(journal.Deps{DB: b.db, Now: b.now})
	b.journal.Follow(signals.Later(b.db)) // a house tells at once
	b.jobs = jobs.New(jobs.Deps{
		DB: b.db, Log: b.log, Now: b.now, Metrics: b.metrics,
		Workers: b.cfg.Jobs.Workers, Poll: b.cfg.Jobs.Poll,
	})
	b.vapid = &outbox.VAPID{DB: b.db, Sealer: b.sealer, Now: b.now}
	b.outbox = b.newOutbox()
	b.revocations = revocation.New(revocation.Deps{
		DB: b.db, Events: b.volatile, Now: b.now,
		Lifetime: b.cfg.Tokens.AccessToken, Log: b.log,
	})
	b.revocations.Follow(signals.LaterRevoked(b.db))
	b.directory, err = directory.New(directory.Deps{
		DB: b.db, Journal: b.journal, Outbox: b.outbox, Revocations: b.revocations, Sealer: b.sealer,
		Now: b.now, BaseURL: b.cfg.Issuer, InvitationLifetime: b.cfg.InvitationLifetime,
	})
	if err != nil {
		return err
	}
	return b.buildFactors()
}

func (b *base) close() {
	if b.apart != nil {
		b.apart.Close()
	}
	if b.volatile != nil {
		if err := b.volatile.Close(); err != nil {
			b.log.Warn("the short-lived state did not close", "error", err)
		}
	}
	if b.db != nil {
		b.db.Close()
	}
}

// databaseURL makes the path of an SQLite file absolute, as storage wants it;
// sqlite:name.db is relative to the working folder.
func databaseURL(address string) (string, error) {
	path, ok := strings.CutPrefix(address, "sqlite:")
	if !ok || strings.HasPrefix(path, "//") {
		return address, nil
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the database file: %w", err)
	}
	return "sqlite://" + absolute, nil
}

// masterKey is the configured one, or, beside an SQLite file, the one kept in
// FILE.key, which is made when there is none.
func masterKey(cfg conf.Config, database string) ([]byte, error) {
	if cfg.MasterKey != "" {
		return conf.ParseMasterKey(cfg.MasterKey.Reveal())
	}
	path := cfg.MasterKeyFile
	if path == "" {
		path, _, _ = strings.Cut(strings.TrimPrefix(database, "sqlite://"), "?")
		path += ".key"
		if err := makeMasterKey(path); err != nil {
			return nil, err
		}
	}
	text, err := readMasterKey(path)
	if err != nil {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	key, err := conf.ParseMasterKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("the master key in %s %w", path, err)
	}
	return key, nil
}

// readMasterKey waits a moment for another process that has made the file and
// is about to write it.
func readMasterKey(path string) (text []byte, err error) {
	for range 100 {
		if text, err = os.ReadFile(path); err != nil || len(text) > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return text, err
}

// makeMasterKey writes a new key to path unless there is one. Two processes may
// do so at once: O_EXCL lets one of them write, and it writes at one stroke.
func makeMasterKey(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the master key: %w", err)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	_, err = file.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write the master key: %w", err)
	}
	return nil
}

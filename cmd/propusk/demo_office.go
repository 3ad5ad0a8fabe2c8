package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"

	"propusk/cabinet/authority/httpsig"
	"propusk/cabinet/authority/sandbox"
	"propusk/cmd/propusk/demo"
	"propusk/conf"
)

// office is the demo's state body: a sandbox in this process, spoken to over HTTP
// on loopback like any other.
type office struct {
	listener net.Listener
	signer   *httpsig.Signer
	dir      string

	box     *sandbox.Sandbox
	running sync.WaitGroup
	failed  error
}

// demoOffice opens the address of the office and enters it into the configuration.
func demoOffice(ctx context.Context, dir string, cfg *conf.Config) (*office, error) {
	o := &office{dir: filepath.Join(dir, "office")}
	var err error
	if o.signer, err = folderSigner(o.dir); err != nil {
		return nil, err
	}
	if o.listener, err = listen(ctx, "127.0.0.1:0"); err != nil {
		return nil, err
	}
	cfg.Authority.Bodies = []conf.Body{{
		Name: "sandbox", URL: o.url(), Recipients: []string{"*"}, Keys: []string{o.signer.String()},
	}}
	cfg.Authority.Registry, cfg.Authority.Tenders = "sandbox", "sandbox"
	cfg.Payments = conf.Payments{Accruals: "GISGMP", URL: o.url(), Keys: []string{o.signer.String()}}
	return o, nil
}

func (o *office) url() string { return "http://" + o.listener.Addr().String() }

// open fills the office's register with the demo's organisations and lets it work
// until ctx ends.
func (o *office) open(ctx context.Context, b *base, d *demo.Demo) error {
	client, err := b.authoritySigner()
	if err != nil {
		return err
	}
	o.box, err = sandbox.New(sandbox.Deps{
		Dir: o.dir, Signer: o.signer, Callback: b.cfg.Issuer + "/authority/answers", Now: b.now, Name: "Инспекция ФНС (демонстрация)", Rules: demo.TenderRules(),
		Key: func(id string) (httpsig.Public, bool) { return client.Public, id == client.ID },
	})
	if err != nil {
		return err
	}
	records, err := d.Records(ctx)
	if err != nil {
		return fmt.Errorf("fill the demo's register: %w", err)
	}
	for _, r := range records {
		if err := o.box.AddRecord(sandbox.Invent(r)); err != nil {
			return err
		}
	}
	if err := o.charge(ctx, d); err != nil {
		return err
	}
	if err := d.Procure(ctx, o.box); err != nil {
		return err
	}
	o.running.Go(func() { o.failed = serveSandbox(ctx, o.box, o.listener) })
	return nil
}

// charge gives the office's payers what they owe, once: what was paid stays paid.
func (o *office) charge(ctx context.Context, d *demo.Demo) error {
	if o.box.HasCharges() {
		return nil
	}
	charges, err := d.Charges(ctx)
	if err != nil {
		return err
	}
	for _, c := range charges {
		if err := o.box.AddCharge(c); err != nil {
			return fmt.Errorf("fill the demo's charges: %w", err)
		}
	}
	return nil
}

// close gives back the address when the office was never opened.
func (o *office) close() error {
	err := o.listener.Close()
	if o.box != nil {
		err = errors.Join(err, o.box.Close())
	}
	return err
}

// wait ends the office after the node; ctx must have ended.
func (o *office) wait() {
	o.running.Wait()
	_ = o.box.Close()
}

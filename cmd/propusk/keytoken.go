package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"propusk/conf"
	"propusk/idp/keys"
	"propusk/idp/keys/pkcs11"
)

// openKeys opens the signing keys, in a PKCS #11 token where one is configured.
func (i *issuer) openKeys(ctx context.Context) error {
	if err := i.openToken(); err != nil {
		return err
	}
	deps := keys.Deps{
		DB: i.db, Sealer: i.sealer, Events: i.volatile, Journal: i.journal, Now: i.now, Log: i.log,
		Overlap: i.cfg.Keys.Overlap, Rotate: i.cfg.Keys.Rotate, Revocations: i.revocations, Metrics: i.metrics,
	}
	if i.token != nil {
		deps.Token = i.token
	}
	var err error
	if i.keys, err = keys.Open(ctx, deps); err != nil {
		return errors.Join(fmt.Errorf("open the signing keys: %w", err), i.closeToken())
	}
	return nil
}

func (i *issuer) openToken() (err error) {
	c := i.cfg.Keys.PKCS11
	if c.Module == "" {
		return nil
	}
	pin, err := tokenPIN(c)
	if err != nil {
		return err
	}
	i.token, err = pkcs11.Open(pkcs11.Options{Module: c.Module, Token: c.Token, PIN: pin, Sessions: c.Sessions})
	return err
}

// tokenPIN is the configured one, or what the file says.
func tokenPIN(c conf.PKCS11) (string, error) {
	if c.PINFile == "" {
		return c.PIN.Reveal(), nil
	}
	text, err := os.ReadFile(c.PINFile)
	if err != nil {
		return "", fmt.Errorf("read the PIN of the PKCS #11 token: %w", err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

func (i *issuer) closeToken() error {
	if i.token == nil {
		return nil
	}
	return i.token.Close()
}

func (i *issuer) closeKeys() {
	i.keys.Close()
	if err := i.closeToken(); err != nil {
		i.log.Warn("the PKCS #11 token did not close", "error", err)
	}
}

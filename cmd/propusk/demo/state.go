package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// state is what the database keeps as hashes only, or not at all: demo.json.
type state struct {
	Issuer        string            `json:"issuer"` // at the last start; redirect URIs depend on it
	People        map[string]secret `json:"people"` // by key
	Organisations map[string]string `json:"organisations"`
	ClientSecrets map[string]string `json:"client_secrets"`
	Registration  string            `json:"registration_access_token"` // the initial access token
}

// secret is what signs one person in, beside the fixed password.
type secret struct {
	ID   string `json:"id"`
	TOTP string `json:"totp,omitempty"` // base32
}

func statePath(dir string) string { return filepath.Join(dir, "demo.json") }

// readState gives nil when there is none.
func readState(dir string) (*state, error) {
	text, err := os.ReadFile(statePath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the demo's state: %w", err)
	}
	s := &state{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("read the demo's state: %w", err)
	}
	return s, nil
}

// write replaces the file at one stroke.
func (s *state) write(dir string) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	fresh := statePath(dir) + ".new"
	if err := os.WriteFile(fresh, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the demo's state: %w", err)
	}
	return os.Rename(fresh, statePath(dir))
}

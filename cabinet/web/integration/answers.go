package integration

import (
	"encoding/json"
	"time"

	"propusk/cabinet/web/desk"
)

// The answers of the API about webhooks, as far as the pages show them.
type (
	event struct {
		Type        string `json:"type"`
		Category    string `json:"category"`
		Description string `json:"description"`
	}
	webhook struct {
		ID           string       `json:"id"`
		URL          string       `json:"url"`
		Description  string       `json:"description"`
		Program      string       `json:"program"`
		Types        []string     `json:"types"`
		State        string       `json:"state"`
		Reason       string       `json:"reason"`
		Connected    bool         `json:"connected"`
		FailingSince time.Time    `json:"failing_since"`
		SucceededAt  time.Time    `json:"succeeded_at"`
		Secret       string       `json:"secret"`
		CreatedAt    time.Time    `json:"created_at"`
		Actions      desk.Actions `json:"actions"`
	}
	attempt struct {
		At             time.Time         `json:"at"`
		Took           int64             `json:"took"` // ms
		Status         int               `json:"status"`
		Error          string            `json:"error"`
		RequestHeaders map[string]string `json:"request_headers"`
		Answer         string            `json:"answer"`
	}
	delivery struct {
		ID        string          `json:"id"`
		MessageID string          `json:"message_id"`
		Type      string          `json:"type"`
		State     string          `json:"state"`
		Attempts  int             `json:"attempts"`
		NextAt    time.Time       `json:"next_at"`
		CreatedAt time.Time       `json:"created_at"`
		SettledAt time.Time       `json:"settled_at"`
		Body      json.RawMessage `json:"body"`
		Log       []attempt       `json:"log"`
		Actions   desk.Actions    `json:"actions"`
	}
)

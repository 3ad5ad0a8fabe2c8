package notice

import (
	"time"

	"propusk/cabinet/web/desk"
)

// The answers of the API, as far as the pages show them.
type (
	notice struct {
		ID            string    `json:"id"`
		Type          string    `json:"type"`
		Category      string    `json:"category"`
		Importance    string    `json:"importance"`
		DocumentLabel string    `json:"document_label"`
		Source        string    `json:"source"`
		Subject       string    `json:"subject"`
		Body          string    `json:"body"`
		Path          string    `json:"path"`
		CreatedAt     time.Time `json:"created_at"`
		ReadAt        time.Time `json:"read_at"`
	}
	labelled struct {
		Category string `json:"category"`
		Label    string `json:"label"`
	}
	count struct {
		Unread     int            `json:"unread"`
		More       bool           `json:"more"`
		ByCategory map[string]int `json:"by_category"`
	}
	quiet struct {
		From string `json:"from"`
		To   string `json:"to"`
	}
	digest struct {
		Every   string `json:"every"`
		At      string `json:"at"`
		Weekday int    `json:"weekday"`
	}
	// input is what is set; channels hold the categories that each tells of.
	input struct {
		Channels   map[string][]string `json:"channels"`
		Thresholds map[string]string   `json:"thresholds"`
		MutedTypes []string            `json:"muted_types"`
		TimeZone   string              `json:"time_zone"`
		QuietHours *quiet              `json:"quiet_hours"`
		Digest     *digest             `json:"digest"`
	}
	settings struct {
		input
		Origin     string       `json:"origin"`
		Categories []labelled   `json:"categories"`
		Actions    desk.Actions `json:"actions"`
	}
	eventType struct {
		Type     string `json:"type"`
		Category string `json:"category"`
		Label    string `json:"label"`
	}
	delivery struct {
		ID        string       `json:"id"`
		NoticeID  string       `json:"notice_id"`
		Channel   string       `json:"channel"`
		Target    string       `json:"target"`
		State     string       `json:"state"`
		Reason    string       `json:"reason"`
		DueAt     time.Time    `json:"due_at"`
		CreatedAt time.Time    `json:"created_at"`
		SentAt    time.Time    `json:"sent_at"`
		SettledAt time.Time    `json:"settled_at"`
		Actions   desk.Actions `json:"actions"`
	}
	device struct {
		ID        string    `json:"id"`
		Device    string    `json:"device"`
		Service   string    `json:"service"`
		CreatedAt time.Time `json:"created_at"`
	}
	news struct {
		Subject     string    `json:"subject"`
		Body        string    `json:"body"`
		Path        string    `json:"path"`
		Source      string    `json:"source"`
		Importance  string    `json:"importance"`
		PublishedAt time.Time `json:"published_at"`
	}
)

package request

import (
	"time"

	"propusk/cabinet/web/desk"
)

// The answers of the API, as far as the pages show them.
type (
	item struct {
		ID          string       `json:"id"`
		Number      string       `json:"number"`
		OuterNumber string       `json:"outer_number"`
		Type        string       `json:"type"`
		TypeLabel   string       `json:"type_label"`
		Kind        string       `json:"kind"`
		Direction   string       `json:"direction"`
		Status      string       `json:"status"`
		StatusLabel string       `json:"status_label"`
		Phase       string       `json:"phase"`
		Overdue     bool         `json:"overdue"`
		Breached    bool         `json:"breached"`
		Subject     string       `json:"subject"`
		Party       string       `json:"party"`
		PartyCode   string       `json:"party_code"`
		Responsible *responsible `json:"responsible"`
		CreatedAt   time.Time    `json:"created_at"`
		StatusAt    time.Time    `json:"status_at"`
		DueAt       time.Time    `json:"due_at"`
		ExecutionAt time.Time    `json:"execution_at"`
		Documents   []File       `json:"documents"`
	}
	responsible struct {
		MemberID string `json:"member_id"`
		Name     string `json:"name"`
	}
	one struct {
		item
		Details  *details     `json:"details"`
		ClosedAt time.Time    `json:"closed_at"`
		Messages []post       `json:"messages"`
		Earlier  string       `json:"earlier"`
		Actions  desk.Actions `json:"actions"`
	}
	details struct {
		Phone        string    `json:"phone"`
		Email        string    `json:"email"`
		ReplyChannel string    `json:"reply_channel"`
		ErrorCode    string    `json:"error_code"`
		Related      string    `json:"related"`
		Earlier      string    `json:"earlier"`
		ErrorAt      time.Time `json:"error_at"`
	}
	post struct {
		ID          string    `json:"id"`
		Kind        string    `json:"kind"`
		Direction   string    `json:"direction"`
		Author      string    `json:"author"`
		Event       string    `json:"event"`
		Text        string    `json:"text"`
		DueAt       time.Time `json:"due_at"`
		Files       []File    `json:"files"`
		Faults      []fault   `json:"faults"`
		Version     int64     `json:"version"`
		CreatedAt   time.Time `json:"created_at"`
		EditedAt    time.Time `json:"edited_at"`
		DeliveredAt time.Time `json:"delivered_at"`
		Authority   *struct {
			By          string `json:"by"`
			PowerNumber string `json:"power_number"`
		} `json:"authority"`
	}
	fault struct {
		Code    string `json:"code"`
		Text    string `json:"text"`
		Element string `json:"element"`
	}
	version struct {
		Version   int64     `json:"version"`
		Text      string    `json:"text"`
		DueAt     time.Time `json:"due_at"`
		Files     []File    `json:"files"`
		Author    string    `json:"author"`
		CreatedAt time.Time `json:"created_at"`
	}
	act struct {
		At          time.Time         `json:"at"`
		Act         string            `json:"act"`
		Actor       string            `json:"actor"`
		StatusAfter string            `json:"status_after"`
		StatusLabel string            `json:"status_label"`
		Details     map[string]string `json:"details"`
	}
	past struct {
		ID          string    `json:"id"`
		At          time.Time `json:"at"`
		Number      string    `json:"number"`
		TypeLabel   string    `json:"type_label"`
		State       string    `json:"state"`
		StateLabel  string    `json:"state_label"`
		Description string    `json:"description"`
		Files       int       `json:"files"`
	}
	draft struct {
		Text      string    `json:"text"`
		Files     []string  `json:"files"`
		DueAt     time.Time `json:"due_at"`
		UpdatedAt time.Time `json:"updated_at"`
	}
	text struct {
		ID        string    `json:"id"`
		BuiltIn   bool      `json:"built_in"`
		Title     string    `json:"title"`
		Type      string    `json:"type"`
		Recipient string    `json:"recipient"`
		Text      string    `json:"text"`
		Filled    string    `json:"filled"`
		UpdatedAt time.Time `json:"updated_at"`
	}
	support struct {
		Phones            []string `json:"phones"`
		Email             string   `json:"email"`
		AnswerWithinHours int      `json:"answer_within_hours"`
		Kinds             []struct {
			Value string `json:"value"`
			Label string `json:"label"`
		} `json:"kinds"`
		ReplyChannels []string `json:"reply_channels"`
		FilesMost     int      `json:"files_most"`
		FilesBytes    int64    `json:"files_bytes"`
		Questions     []struct {
			Question string `json:"question"`
			Answer   string `json:"answer"`
		} `json:"questions"`
	}
)

// File is a file that the inbox's API keeps.
type File struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	MediaType   string `json:"media_type"`
	Size        int64  `json:"size"` // bytes
	SignatureOf string `json:"signature_of"`
	Result      bool   `json:"result"`
}

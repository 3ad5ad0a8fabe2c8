package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"

	"propusk/storage"
	"propusk/storage/jobs"
)

// Attachment is a file that goes with an e-mail. The message refers to it; the
// bytes are read when it is delivered, so that none wait in the queue.
type Attachment struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"` // bytes
	Ref       string `json:"ref"`  // whoever was given to Attach knows what it means

	Content []byte `json:"-"` // for the channel
}

// MaxAttachments bounds what a message may carry, in bytes: mail servers take 25 MB
// of which base64 leaves three quarters.
const MaxAttachments = 15 << 20

// ErrAttachments: more than a message may carry, or on a channel that carries none.
var ErrAttachments = errors.New("outbox: too much to attach")

// Attach says who opens what messages refer to: by kind, the beginning of Ref up to
// its first slash. Call it before the jobs start. open answers storage.ErrNotFound
// for what is gone for good.
func (o *Outbox) Attach(kind string, open func(ctx context.Context, ref string) (io.ReadCloser, error)) {
	if o.attached == nil {
		o.attached = map[string]func(context.Context, string) (io.ReadCloser, error){}
	}
	if o.attached[kind] != nil {
		panic("outbox: two openers of " + kind)
	}
	o.attached[kind] = open
}

// attachable refuses a message that could not be delivered with what it carries.
func (o *Outbox) attachable(m Message) error {
	total := int64(0)
	for _, a := range m.Attachments {
		total += a.Size
		if a.Name == "" || a.Size < 0 || o.attached[refKind(a.Ref)] == nil {
			return fmt.Errorf("outbox: attachment %q of %q: it has no name, or nobody opens it", a.Name, a.Ref)
		}
	}
	if total > MaxAttachments || total > 0 && m.Channel != "email" {
		return ErrAttachments
	}
	return nil
}

func refKind(ref string) string {
	for i, r := range ref {
		if r == '/' {
			return ref[:i]
		}
	}
	return ref
}

// fetch reads what the message refers to.
func (o *Outbox) fetch(ctx context.Context, m *Message) error {
	for i := range m.Attachments {
		a := &m.Attachments[i]
		content, err := o.fetchOne(ctx, *a)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			return jobs.Permanent(fmt.Errorf("outbox: attachment: %w", err))
		case err != nil:
			return fmt.Errorf("outbox: attachment: %w", err)
		case int64(len(content)) != a.Size:
			return jobs.Permanent(fmt.Errorf("outbox: an attachment has %d bytes instead of %d", len(content), a.Size))
		}
		a.Content = content
	}
	return nil
}

func (o *Outbox) fetchOne(ctx context.Context, a Attachment) ([]byte, error) {
	open := o.attached[refKind(a.Ref)]
	if open == nil {
		return nil, fmt.Errorf("nobody opens %q on this node", refKind(a.Ref))
	}
	r, err := open(ctx, a.Ref)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(r, a.Size+1))
}

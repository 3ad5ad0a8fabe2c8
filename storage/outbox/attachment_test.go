package outbox_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"propusk/storage"
	"propusk/storage/outbox"
)

// attach opens two files: one as long as its messages say, one longer.
func (s setup) attach() {
	s.outbox.Attach("file", func(_ context.Context, ref string) (io.ReadCloser, error) {
		switch ref {
		case "file/whole":
			return io.NopCloser(strings.NewReader("12345")), nil
		case "file/longer":
			return io.NopCloser(strings.NewReader("123456789")), nil
		case "file/broken":
			return nil, errors.New("the disk is away")
		}
		return nil, storage.ErrNotFound
	})
}

func (s setup) send(channel, ref string, size int64) error {
	return s.outbox.Send(context.Background(), outbox.Message{
		Channel: channel, To: "anna@example.ru", Text: "t",
		Attachments: []outbox.Attachment{{Name: "a.pdf", MediaType: "application/pdf", Size: size, Ref: ref}},
	})
}

func TestAttachmentsAreReadWhenTheMessageIsDelivered(t *testing.T) {
	each(t, false, func(s setup) {
		s.attach()
		s.must(s.send("email", "file/whole", 5))
		s.start()
		s.until("it is delivered", func() bool { return len(s.channel.messages()) == 1 })
		if a := s.channel.messages()[0].Attachments; len(a) != 1 || string(a[0].Content) != "12345" || a[0].Name != "a.pdf" {
			t.Errorf("%+v", a)
		}
	})
}

func TestAttachmentsThatAreGoneOrAnotherKillTheMessageForGood(t *testing.T) {
	each(t, false, func(s setup) {
		s.attach()
		s.must(s.send("email", "file/gone", 5))
		s.must(s.send("email", "file/longer", 5))
		s.start()
		s.until("both are dead letters", func() bool {
			var dead int
			s.must(s.db.Get(context.Background(), &dead, `SELECT COUNT(*) FROM jobs WHERE state = 'dead'`))
			return dead == 2
		})
		if got := s.channel.messages(); len(got) != 0 {
			t.Errorf("delivered all the same: %+v", got)
		}
	})
}

func TestAttachmentsThatNobodyCouldDeliverAreRefused(t *testing.T) {
	each(t, true, func(s setup) {
		s.attach()
		for name, err := range map[string]error{
			"too large":       s.send("email", "file/whole", outbox.MaxAttachments+1),
			"with an SMS":     s.send("sms", "file/whole", 5),
			"nobody opens it": s.send("email", "elsewhere", 5),
			"a negative size": s.send("email", "file/whole", -1),
		} {
			if err == nil || s.rows() != 0 {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := s.send("sms", "file/whole", 5); !errors.Is(err, outbox.ErrAttachments) {
			t.Errorf("%v", err)
		}
		defer func() {
			if recover() == nil {
				t.Error("a second opener of one kind was taken")
			}
		}()
		s.attach()
	})
}

package file

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"
)

// ClamAV asks a clamd for its opinion by the INSTREAM command (clamd(8)): the
// bytes travel over the connection, so that the daemon needs no access to ours.
type ClamAV struct {
	network, address string
	patience         time.Duration
}

// NewClamAV takes tcp://host:3310 or unix:///run/clamav/clamd.ctl. One scan takes
// at most patience; 0 is one minute. It does not connect.
//
// DANGER: the protocol is neither encrypted nor authenticated. Over tcp keep it
// inside a network that nobody listens to.
func NewClamAV(address string, patience time.Duration) (*ClamAV, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("file: the scanner's address must be tcp://host:port or unix:///path")
	}
	if patience <= 0 {
		patience = time.Minute
	}
	switch {
	case u.Scheme == "tcp" && u.Host != "" && u.Path == "":
		return &ClamAV{"tcp", u.Host, patience}, nil
	case u.Scheme == "unix" && u.Host == "" && u.Path != "":
		return &ClamAV{"unix", u.Path, patience}, nil
	}
	return nil, errors.New("file: the scanner's address must be tcp://host:port or unix:///path")
}

// Scan implements Scanner.
func (c *ClamAV) Scan(ctx context.Context, r io.Reader) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, c.network, c.address)
	if err != nil {
		return "", fmt.Errorf("file: reach clamd: %w", err)
	}
	defer func() { _ = conn.Close() }() // it has said what it had to say
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	sent := c.send(conn, r)
	if sent != nil && !errors.As(sent, new(*net.OpError)) {
		return "", fmt.Errorf("file: scan: %w", sent) // r failed, not the connection
	}
	// A clamd that has had enough answers and hangs up in the middle of the sending.
	reply, err := io.ReadAll(io.LimitReader(conn, 4<<10))
	if len(reply) == 0 {
		return "", fmt.Errorf("file: clamd said nothing: %w", errors.Join(sent, err))
	}
	return readReply(reply)
}

// send writes the command, the bytes in chunks with their lengths, and the empty
// chunk that ends them.
func (c *ClamAV) send(conn io.Writer, r io.Reader) error {
	if _, err := io.WriteString(conn, "zINSTREAM\x00"); err != nil {
		return err
	}
	buffer := make([]byte, 4+chunkSize)
	for {
		n, err := io.ReadFull(r, buffer[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(buffer, uint32(n))
			if _, err := conn.Write(buffer[:4+n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			_, err := conn.Write([]byte{0, 0, 0, 0})
			return err
		case err != nil:
			return err
		}
	}
}

// readReply reads "stream: OK", "stream: NAME FOUND" or "… ERROR". Whatever else
// it is, it is no leave.
func readReply(reply []byte) (virus string, err error) {
	text := strings.TrimSpace(string(bytes.TrimRight(reply, "\x00")))
	answer, found := strings.CutPrefix(text, "stream: ")
	switch {
	case found && answer == "OK":
		return "", nil
	case found && strings.HasSuffix(answer, " FOUND"):
		if virus = strings.TrimSpace(strings.TrimSuffix(answer, " FOUND")); virus == "" {
			virus = "unnamed"
		}
		return virus, nil
	}
	return "", fmt.Errorf("file: clamd answers %.100q", text)
}

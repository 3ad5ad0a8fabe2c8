package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"propusk/storage"
)

// Front-channel logout (OpenID Connect Front-Channel Logout 1.0): the page that says
// goodbye holds a frame for each application that learnt of the session, and the
// application ends its own session when its frame is opened in the person's browser.
// What ends a session elsewhere (another device, an operator, time) has no browser to
// open frames in: for that there is the back channel.

// maxFrames bounds the frames of one page; applications beyond it are told by the
// back channel only.
const maxFrames = 20

// FrontchannelLogouts are the addresses to be framed when the session ends, with iss
// and sid (§3), so that an application ends the session of this issuer and no other.
// Ask before the session is ended: with its end it is forgotten who learnt of it.
func (p *Provider) FrontchannelLogouts(ctx context.Context, sessionID string) ([]string, error) {
	var clients []string
	err := p.deps.DB.Select(ctx, &clients,
		`SELECT client_id FROM oauth_logins WHERE session_id = $1 ORDER BY created_at, client_id`, sessionID)
	if err != nil {
		return nil, fmt.Errorf("find whom to tell in the browser: %w", err)
	}
	var frames []string
	for _, id := range clients {
		client, err := p.client(ctx, id)
		if errors.Is(err, storage.ErrNotFound) || err == nil && (client.FrontchannelLogoutURI == "" || !client.Active()) {
			continue
		}
		if err != nil {
			return nil, err
		}
		named, err := p.sessionName(client, sessionID)
		if err != nil {
			return nil, err
		}
		if frames = append(frames, p.frame(client.FrontchannelLogoutURI, named)); len(frames) == maxFrames {
			break
		}
	}
	return frames, nil
}

// frame is a registered address with iss and sid added to its query (§3).
func (p *Provider) frame(registered, sessionID string) string {
	separator := "?"
	if strings.Contains(registered, "?") {
		separator = "&"
	}
	return registered + separator + url.Values{"iss": {p.deps.Issuer}, "sid": {sessionID}}.Encode()
}

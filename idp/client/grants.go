package client

import (
	"slices"

	"propusk/idp/possession"
)

// The grant types of this server beside those of RFC 6749.
const (
	// GrantDeviceCode is for machines without a browser (RFC 8628 §3.4).
	GrantDeviceCode = "urn:ietf:params:oauth:grant-type:device_code"
	// GrantCIBA is for people who are asked at their own machine (CIBA Core §10.1).
	GrantCIBA = "urn:openid:params:grant-type:ciba"
	// GrantTokenExchange turns one token into another (RFC 8693 §2.1).
	GrantTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	// GrantJWTBearer takes a signed assertion for a token (RFC 7523 §2.1).
	GrantJWTBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// The delivery modes of CIBA Core §5. Push is not among them: tokens would travel to
// an address instead of to who proves to be the client, which FAPI-CIBA forbids.
const (
	DeliveryPoll = "poll"
	DeliveryPing = "ping"
)

// Backchannel is what a client that asks people at their own machine registers
// (CIBA Core §4).
type Backchannel struct {
	// CIBADeliveryMode is DeliveryPoll, also when empty, or DeliveryPing: how it
	// learns that a person has decided.
	CIBADeliveryMode string `json:"backchannel_token_delivery_mode,omitempty"`
	// CIBANotificationEndpoint is pinged, in the mode ping.
	CIBANotificationEndpoint string `json:"backchannel_client_notification_endpoint,omitempty"`
	// CIBARequestAlg is the one algorithm of its signed authentication requests, and
	// refuses unsigned ones; "" = any of ours, signed or not.
	CIBARequestAlg string `json:"backchannel_authentication_request_signing_alg,omitempty"`
	// CIBAUserCode would have people type a secret at the client; it must be false.
	CIBAUserCode bool `json:"backchannel_user_code_parameter,omitempty"`
}

// Pinged reports whether the client is told by a ping that a person has decided.
func (b Backchannel) Pinged() bool { return b.CIBADeliveryMode == DeliveryPing }

// signsIn reports whether people sign in at the client, by whichever grant.
func (c *Client) signsIn() bool {
	return slices.ContainsFunc(c.GrantTypes, func(grant string) bool {
		return grant == GrantAuthorizationCode || grant == GrantDeviceCode || grant == GrantCIBA
	})
}

func (c *Client) validateGrants(f *faults) {
	for _, grant := range c.GrantTypes {
		switch grant {
		case GrantAuthorizationCode, GrantDeviceCode:
		case GrantRefreshToken:
			if !c.signsIn() {
				f.add("grant_types", "refresh_token goes with authorization_code, device_code or ciba")
			}
		case GrantClientCredentials, GrantCIBA, GrantTokenExchange:
			if !c.confidential() {
				f.add("grant_types", "%s needs a client that authenticates", grant)
			}
		case GrantJWTBearer:
			if !c.confidential() || len(c.JWKS) == 0 && c.JWKSURI == "" {
				f.add("grant_types", "%s needs a client with jwks or jwks_uri (RFC 7523 §2.1)", grant)
			}
		default:
			f.add("grant_types", "%q is not supported", grant)
		}
	}
	code := slices.Contains(c.GrantTypes, GrantAuthorizationCode)
	for _, response := range c.ResponseTypes {
		if response != "code" || !code {
			f.add("response_types", "%q does not go with grant_types", response)
		}
	}
	if code && len(c.RedirectURIs) == 0 {
		f.add("redirect_uris", "authorization_code needs one")
	}
}

// validateBackchannel checks what goes with the grant type of CIBA (CIBA Core §4).
func (c *Client) validateBackchannel(f *faults) {
	if !slices.Contains(c.GrantTypes, GrantCIBA) {
		if c.Backchannel != (Backchannel{}) {
			f.add("grant_types", "backchannel_… goes with %s", GrantCIBA)
		}
		return
	}
	switch {
	case c.CIBADeliveryMode != "" && c.CIBADeliveryMode != DeliveryPoll && c.CIBADeliveryMode != DeliveryPing:
		f.add("backchannel_token_delivery_mode", "%q: poll or ping", c.CIBADeliveryMode)
	case c.Pinged() != (c.CIBANotificationEndpoint != ""):
		f.add("backchannel_client_notification_endpoint", "it goes with the delivery mode ping, and ping with it")
	case c.Pinged():
		if err := OutsideAddress(c.CIBANotificationEndpoint); err != nil {
			f.add("backchannel_client_notification_endpoint", "%w", err)
		}
	}
	if c.CIBAUserCode {
		f.add("backchannel_user_code_parameter", "it is not supported")
	}
	alg := c.CIBARequestAlg
	switch {
	case alg != "" && !slices.Contains(possession.AlgorithmNames(), alg), alg == "RS256" && c.FAPI():
		f.add("backchannel_authentication_request_signing_alg", "%q is not supported", alg)
	case (alg != "" || c.FAPI()) && len(c.JWKS) == 0 && c.JWKSURI == "":
		f.add("jwks", "signed authentication requests need jwks or jwks_uri")
	}
}

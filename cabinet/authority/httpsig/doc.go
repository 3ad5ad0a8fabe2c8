// Package httpsig signs HTTP messages and verifies them: RFC 9421 signatures over
// the method, the target, the type and the digest (RFC 9530) of the body, with the
// time and a nonce. A response is bound to the very request that it answers.
//
// It takes one profile and refuses what is not in it: one signature labelled sig1,
// all components of the list below covered, Ed25519 or ECDSA P-256, the tag
// "propusk-authority".
//
//	request   "@method" "@authority" "@path" "@query" "content-type" "content-digest"
//	response  "@status" "content-type" "content-digest" "@method";req "@path";req "@query";req "signature";req;key="sig1"
//
// It must not know what the messages say, nor whose the keys are.
package httpsig

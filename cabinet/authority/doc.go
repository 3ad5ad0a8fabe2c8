// Package authority is the gateway between the cabinet and state bodies: what an
// organisation submits goes out through it, what bodies answer and ask comes in.
//
//	a room's act ─tx─► Submit ─► job ─► loader ─► Submission ─► HTTP, signed ─► the body
//	the room ◄─tx─ handler ◄─ in the order of Seq ◄─ stored ◄─ POST /authority/answers, or polled
//
// It owns: the form of submissions and answers on the wire (docs/authority.md), who
// the bodies are and by which keys they are known, that a submission reaches its
// body once however often it is sent, that an answer is handled once and in order,
// what is given up and shown to operators, and the port to the state register of
// organisations with its form of a record.
//
// It must not know: what a filing or an appeal is, which state of one follows which,
// who may submit. Rooms know; they give a loader and a handler for each kind.
//
// Its own rooms: httpsig signs and verifies messages (RFC 9421), egrul reads the
// register's published files, registry keeps what was imported of them, sandbox is
// a body to test against, authoritytest makes files and far sides for tests.
package authority

package document

import (
	"net/http"
	"time"

	"propusk/cabinet/api"
)

// slowest is the connection that a file is still moved over, in bytes a second. The
// server's own bounds are for small bodies; who is slower than this is cut.
const slowest = 64 << 10

// takeTime gives a request that moves so many bytes the time for them, both ways. A
// connection that cannot be told keeps the server's bounds.
func takeTime(c api.Call, size int64) {
	until := time.Now().Add(time.Minute + time.Duration(size/slowest)*time.Second)
	control := http.NewResponseController(c.Response())
	_ = control.SetReadDeadline(until)  // see above
	_ = control.SetWriteDeadline(until) // see above
}

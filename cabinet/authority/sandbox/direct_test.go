package sandbox_test

import (
	"net/http"
	"net/http/httptest"
)

// ask makes a request without a network and without a signature.
func ask(handler http.Handler, method, path, authorization string) int {
	r := httptest.NewRequest(method, path, nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code
}

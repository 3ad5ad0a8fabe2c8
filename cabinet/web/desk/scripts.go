package desk

import (
	"encoding/json"
	"fmt"
)

// Scripted reports whether a script of the page asks, which is answered in JSON.
func (v *Visit) Scripted() bool { return v.r.Header.Get("Accept") == "application/json" }

// JSON answers a script.
func (v *Visit) JSON(status int, body any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("answer a script: %w", err)
	}
	header := v.w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(encoded) // a script that went away needs no answer
	return nil
}

// Refusal tells a script what the API refused; other errors come back as they are.
func (v *Visit) Refusal(err error) error {
	problem := AsProblem(err)
	if problem == nil {
		return err
	}
	detail := v.Words(problem)
	if len(problem.Errors) > 0 {
		detail = problem.Errors[0].Detail
	}
	return v.JSON(problem.Status, map[string]string{"detail": detail, "code": problem.Code})
}

package main

import (
	"io"
	"log/slog"

	"propusk/conf"
)

// newLog writes structured lines to w. The configuration was validated, so an
// unknown level cannot come here.
func newLog(c conf.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level))
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

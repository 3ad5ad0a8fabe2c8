package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker (-X main.version=1.2.3); otherwise the module's
// own or the commit is shown.
var version = ""

func versionCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "version",
		Short:   "Say which version this is",
		Example: "  propusk version --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			about := map[string]string{"version": versionText(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH}
			return show(cmd, about, func(w io.Writer) {
				fmt.Fprintf(w, "propusk %s (%s, %s)\n", about["version"], about["go"], about["platform"])
			})
		},
	})
}

func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "development, " + cut(s.Value, 12)
		}
	}
	return "development"
}

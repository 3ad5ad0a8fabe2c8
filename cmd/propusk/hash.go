package main

import (
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"propusk/idp/factor"
)

// hashCommandName is the process that computes password hashes for serve.
const hashCommandName = "hash-passwords"

// hashCommand is for serve alone: it reads questions and writes answers until its
// input ends, at the lowest priority.
func hashCommand() *cobra.Command {
	return &cobra.Command{
		Use:     hashCommandName,
		Short:   "Compute password hashes for a running server",
		Example: "  propusk " + hashCommandName + "    (started by propusk serve)",
		Hidden:  true,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			stepBack()
			return factor.ServeHashes(os.Stdin, os.Stdout)
		},
	}
}

// hashingApart has passwords hashed in processes of their own, where the
// configuration says so and the program can find itself.
func hashingApart(b *base) {
	self, err := os.Executable()
	if err != nil || !b.cfg.Password.Apart {
		return
	}
	places := b.cfg.Password.Concurrency
	if places == 0 {
		places = runtime.GOMAXPROCS(0)
	}
	b.apart = factor.NewApart(places, self, hashCommandName)
}

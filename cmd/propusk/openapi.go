package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/spf13/cobra"
)

func openapiCommand() *cobra.Command {
	issuer := ""
	cmd := asJSON(&cobra.Command{
		Use:   "openapi",
		Short: "Print the description of the cabinet API (OpenAPI 3.1)",
		Long: `Print what a server of this version serves at /v1/openapi.json: every operation with
who may call it, examples and errors. Generators of clients read it.`,
		Example: "  propusk openapi > openapi.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printOpenAPI(cmd.Context(), issuer, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	})
	cmd.Flags().StringVar(&issuer, "issuer", "https://propusk.example", "address of the server that it is to name")
	return cmd
}

// printOpenAPI builds a node in a folder of its own, which serves nobody: the rooms
// of the cabinet say themselves what they offer.
func printOpenAPI(ctx context.Context, issuer string, out, warnings io.Writer) (err error) {
	dir, forget, err := demoFolder("")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget()) }()
	cfg := demoConfig(dir, &net.TCPAddr{})
	cfg.Issuer = issuer
	if err := cfg.Validate(); err != nil {
		return err
	}
	b, err := openBase(ctx, cfg, demoLog(demoOptions{}, warnings), keepingMessages)
	if err != nil {
		return err
	}
	defer b.close()
	h, err := openHouse(ctx, b)
	if err != nil {
		return err
	}
	defer h.close()
	var text bytes.Buffer
	if err := json.Indent(&text, h.cabinet.Document(), "", " "); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, text.String())
	return err
}

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"propusk/signature"
)

func signatureCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "signature",
		Short:   "Qualified electronic signatures: judge them offline",
		Example: "  propusk signature verify --roots roots/ --crls crls/ --content contract.pdf contract.pdf.p7s",
	}
	cmd.AddCommand(signatureVerifyCommand())
	return cmd
}

func signatureVerifyCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:   "verify SIGNATURE...",
		Short: "Judge detached signatures of a document",
		Long: `Judge detached signatures (CMS, CAdES-BES, DER) of one document by the authorities
and revocation lists given, without the network and without the database. A path is
a file or a folder that is searched through. Exit status 0 when every signature is
accepted, 1 when one is refused, 2 when it could not be judged.`,
		Example: `  propusk signature verify --roots roots/ --intermediates ca/ --crls crls/ \
      --content contract.pdf contract.pdf.p7s
  propusk signature verify --roots root.cer --crls crls/ --content act.xml \
      --at 2026-03-01T12:00:00Z --lang en --json act.director.p7s act.accountant.p7s`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cannotJudge(cmd, errors.New("name at least one signature file"))
			}
			return nil
		},
		RunE: verifySignatures,
	})
	// A flag that is not understood is no verdict either.
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return cannotJudge(cmd, err) })
	cmd.Flags().String("roots", "", "certificates of the authorities to trust: a file or a folder (required)")
	cmd.Flags().String("intermediates", "", "certificates that help to find a path: a file or a folder")
	cmd.Flags().String("crls", "", "revocation lists: a file or a folder; without them nothing is accepted")
	cmd.Flags().String("content", "", "the signed document (required)")
	cmd.Flags().String("at", "", "judge as of this moment, RFC 3339 (now)")
	cmd.Flags().String("lang", "ru", "language of the texts: ru or en")
	return cmd
}

func verifySignatures(cmd *cobra.Command, args []string) error {
	files, err := signatureFiles(cmd, args)
	if err != nil {
		return cannotJudge(cmd, err)
	}
	verdicts, unjudged := signature.VerifyFiles(cmd.Context(), files)
	if err := writeVerdicts(cmd, verdicts, files.Language); err != nil {
		return cannotJudge(cmd, err)
	}
	switch {
	case unjudged != nil:
		return cannotJudge(cmd, unjudged)
	case !signature.AllAccepted(verdicts):
		return statusError(1)
	default:
		return nil
	}
}

// signatureFiles reads the question from the flags.
func signatureFiles(cmd *cobra.Command, signatures []string) (signature.Files, error) {
	flag := func(name string) string { value, _ := cmd.Flags().GetString(name); return value }
	files := signature.Files{
		Roots: flag("roots"), Intermediates: flag("intermediates"), CRLs: flag("crls"),
		Content: flag("content"), Signatures: signatures, Language: flag("lang"),
	}
	var err error
	if at := flag("at"); at != "" {
		if files.At, err = time.Parse(time.RFC3339, at); err != nil {
			err = fmt.Errorf("--at %q is not a moment like 2026-03-01T12:00:00Z", at)
		}
	}
	for _, required := range []string{"roots", "content"} {
		if flag(required) == "" {
			err = errors.Join(err, fmt.Errorf("--%s is required", required))
		}
	}
	if files.Language != "ru" && files.Language != "en" {
		err = errors.Join(err, fmt.Errorf("--lang is ru or en, not %q", files.Language))
	}
	return files, err
}

func writeVerdicts(cmd *cobra.Command, verdicts []signature.FileVerdict, language string) error {
	if wanted, _ := cmd.Flags().GetBool("json"); wanted {
		return signature.WriteJSON(cmd.OutOrStdout(), verdicts)
	}
	return signature.WriteText(cmd.OutOrStdout(), verdicts, language)
}

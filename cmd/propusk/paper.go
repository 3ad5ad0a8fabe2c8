package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"propusk/cabinet/paper"
)

func paperCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "paper",
		Short:   "Papers that this service has issued: verify them offline",
		Example: "  propusk paper verify --seal seal.pem egrul.pdf",
	}
	cmd.AddCommand(paperVerifyCommand())
	return cmd
}

func paperVerifyCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:   "verify CODE|FILE",
		Short: "Say what a paper's code says and whether it is genuine",
		Long: `Verify a paper offline, by the seal's certificates alone (propusk seal show --pem, or
GET /v1/seal of the service). What is verified is the code that the QR says, a PDF
with its code, or, with --signature, any file that the seal has signed. A paper does
not expire: what it says of its term is shown. Compare what is printed with what the
code says. Exit status 0 when it is genuine, 1 when it is not, 2 when that could not
be judged.`,
		Example: `  curl -s 'https://id.example.ru/v1/seal?format=pem' > seal.pem
  propusk paper verify --seal seal.pem egrul.pdf
  propusk paper verify --seal seal.pem --signature egrul.xml.p7s egrul.xml
  propusk paper verify --seal seal.pem --json eyJhbGciOiJFUzI1NiIs…`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cannotJudge(cmd, errors.New("name one code or one file"))
			}
			return nil
		},
		RunE: verifyPaper,
	})
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return cannotJudge(cmd, err) })
	cmd.Flags().String("seal", "", "certificates of the seal: PEM, a JWK set, or the answer of GET /v1/seal (required)")
	cmd.Flags().String("signature", "", "detached signature of the file")
	return cmd
}

// paperVerdict is the answer, also as JSON.
type paperVerdict struct {
	Genuine bool           `json:"genuine"`
	Reason  string         `json:"reason,omitempty"`
	Issuer  string         `json:"issuer,omitempty"`
	At      time.Time      `json:"at,omitzero"`
	KeyID   string         `json:"kid,omitempty"`
	Says    map[string]any `json:"says,omitempty"`
	// Text: the text of the PDF is the one that the code was made for.
	Text string `json:"text,omitempty"` // same, other
	// Signature of the file, when one was given: accepted, or why not.
	Signature string `json:"signature,omitempty"`
}

func verifyPaper(cmd *cobra.Command, args []string) error {
	path, _ := cmd.Flags().GetString("seal")
	text, err := os.ReadFile(path)
	if err != nil {
		return cannotJudge(cmd, fmt.Errorf("read the seal (--seal): %w", err))
	}
	trust, err := paper.ParseSeal(text)
	if err != nil {
		return cannotJudge(cmd, err)
	}
	signature, _ := cmd.Flags().GetString("signature")
	verdict, err := judgePaper(trust, args[0], signature)
	if err != nil {
		return cannotJudge(cmd, err)
	}
	if err := show(cmd, verdict, verdict.write); err != nil {
		return cannotJudge(cmd, err)
	}
	if !verdict.Genuine {
		return statusError(1)
	}
	return nil
}

// judgePaper verifies a code, a PDF, or a file by its signature.
func judgePaper(trust *paper.Trust, what, signature string) (paperVerdict, error) {
	if looksLikeCode(what) {
		return judgeCode(trust, what), nil
	}
	content, err := os.ReadFile(what)
	if err != nil {
		return paperVerdict{}, err
	}
	v := paperVerdict{Genuine: true}
	if bytes.HasPrefix(content, []byte("%PDF-")) {
		v = judgePDF(trust, content)
	} else if signature == "" {
		return v, errors.New("a file that is no PDF is verified by its signature: --signature FILE")
	}
	if signature == "" {
		return v, nil
	}
	cms, err := os.ReadFile(signature)
	if err != nil {
		return v, err
	}
	return v.signed(trust, cms, content), nil
}

// looksLikeCode tells a code from a file's name: no file is named like a signature of
// three long parts, and a mistyped name is not to be told as a forged code.
func looksLikeCode(what string) bool {
	return len(what) > 100 && strings.Count(what, ".") == 2 && !strings.ContainsAny(what, "/\\ ")
}

func judgeCode(trust *paper.Trust, code string) paperVerdict {
	s, err := trust.Read(code)
	if err != nil {
		return paperVerdict{Reason: err.Error()}
	}
	return paperVerdict{Genuine: true, Issuer: s.Issuer, At: s.At, KeyID: paper.KeyID(s.Certificate), Says: s.Claims}
}

// judgePDF reads the code of a PDF and sees that it belongs to its text. A paper
// without a code is for its signature to prove.
func judgePDF(trust *paper.Trust, content []byte) paperVerdict {
	printed, err := paper.ReadPDF(content)
	if err != nil {
		return paperVerdict{Reason: err.Error()}
	}
	if printed.Code == "" {
		return paperVerdict{Reason: "the paper has no code: give its signature (--signature)"}
	}
	s, err := trust.Read(printed.Code)
	if err != nil {
		return paperVerdict{Reason: err.Error()}
	}
	v := paperVerdict{Genuine: true, Issuer: s.Issuer, At: s.At, KeyID: paper.KeyID(s.Certificate), Says: s.Claims, Text: "same"}
	if err := printed.Belongs(s); err != nil {
		v.Genuine, v.Reason, v.Text = false, err.Error(), "other"
	}
	return v
}

// signed adds the verdict on the file's signature. A good one proves a PDF that has
// no code; a bad one condemns every file.
func (v paperVerdict) signed(trust *paper.Trust, cms, content []byte) paperVerdict {
	judged := trust.Verify(cms, content)
	v.Signature = "accepted"
	switch {
	case !judged.Accepted:
		v.Genuine, v.Signature, v.Reason = false, string(judged.Code), judged.Text("en")
	case v.Text == "" && v.Says == nil:
		v.Genuine, v.Reason = true, ""
	}
	if judged.Accepted && v.At.IsZero() {
		v.At = judged.SigningTime
	}
	return v
}

// write tells the verdict to people.
func (v paperVerdict) write(w io.Writer) {
	if v.Genuine {
		fmt.Fprintln(w, "genuine: yes")
	} else {
		fmt.Fprintln(w, "genuine: no")
		fmt.Fprintf(w, "reason:\t%s\n", v.Reason)
	}
	for _, line := range [][2]string{{"signature", v.Signature}, {"text", v.Text}, {"issuer", v.Issuer}, {"kid", v.KeyID}} {
		if line[1] != "" {
			fmt.Fprintf(w, "%s:\t%s\n", line[0], line[1])
		}
	}
	if !v.At.IsZero() {
		fmt.Fprintf(w, "at:\t%s\n", v.At.UTC().Format(time.RFC3339))
	}
	for _, name := range slices.Sorted(maps.Keys(v.Says)) {
		if name != "iss" && name != "iat" && name != "txt" { // told above
			fmt.Fprintf(w, "  %s:\t%v\n", name, v.Says[name])
		}
	}
}

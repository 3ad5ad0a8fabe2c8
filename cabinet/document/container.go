package document

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"propusk/signature"
)

// manifest says in the container what is in it, for people and programs.
type manifest struct {
	Document   string              `json:"document"`
	Version    int64               `json:"version"`
	File       string              `json:"file"`
	MediaType  string              `json:"media_type"`
	Size       int64               `json:"size"`
	SHA256     string              `json:"sha256"`
	Signatures []manifestSignature `json:"signatures"`
}

type manifestSignature struct {
	File        string           `json:"file"`
	Signer      string           `json:"signer"`
	Certificate string           `json:"certificate"` // SHA-256
	SignedAt    time.Time        `json:"signed_at,omitzero"`
	VerifiedAt  time.Time        `json:"verified_at"`
	Verdict     signature.Code   `json:"verdict"`
	Checks      []manifestResult `json:"checks"`
}

type manifestResult struct {
	Name   signature.CheckName `json:"name"`
	Status signature.Status    `json:"status"`
	Code   signature.Code      `json:"code"`
}

// container writes a ZIP with the very bytes that are signed, each signature as a
// detached file beside them, and manifest.json. Whoever has it can verify it without
// us: `propusk signature verify --content FILE FILE.1.p7s`.
func (d *Documents) container(ctx context.Context, w io.Writer, organisationID string, v Version, signatures []Signature, modified time.Time) error {
	archive := zip.NewWriter(w)
	_, r, err := d.Files.Open(ctx, organisationID, v.FileID)
	if err != nil {
		return err
	}
	err = pack(archive, v.FileName, modified, func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	m := manifest{
		Document: v.DocumentID, Version: v.Number, File: v.FileName, MediaType: v.MediaType, Size: v.Size, SHA256: v.SHA256,
		Signatures: []manifestSignature{},
	}
	for i, s := range signatures {
		name := signatureName(v, i)
		err := pack(archive, name, modified, func(w io.Writer) error {
			_, err := w.Write(s.CMS)
			return err
		})
		if err != nil {
			return err
		}
		m.Signatures = append(m.Signatures, s.manifest(name))
	}
	err = pack(archive, "manifest.json", modified, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(m)
	})
	if err != nil {
		return err
	}
	return archive.Close()
}

func pack(archive *zip.Writer, name string, modified time.Time, fill func(io.Writer) error) error {
	w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: modified})
	if err == nil {
		err = fill(w)
	}
	if err != nil {
		return fmt.Errorf("document: container: %w", err)
	}
	return nil
}

// signatureName is the n-th signature's file beside the signed one.
func signatureName(v Version, n int) string { return fmt.Sprintf("%s.%d.p7s", v.FileName, n+1) }

// containerName is the ZIP's own.
func containerName(v Version) string {
	return v.FileName[:len(v.FileName)-len(path.Ext(v.FileName))] + ".zip"
}

func (s Signature) manifest(name string) manifestSignature {
	verdict := s.Verdict.V
	m := manifestSignature{
		File: name, Signer: verdict.Subject.Owner(), Certificate: s.Fingerprint, SignedAt: verdict.SigningTime, VerifiedAt: verdict.At, Verdict: verdict.Code,
	}
	for _, check := range verdict.Checks {
		m.Checks = append(m.Checks, manifestResult{check.Name, check.Status, check.Code})
	}
	return m
}

package signature

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"propusk/signature/pki"
)

// FuzzVerify: whatever the bytes, there is a whole verdict; and what is accepted
// is signed by one of the fixtures' people.
func FuzzVerify(f *testing.F) {
	set := openFixtures(f)
	verifier := set.verifier(f)
	files, err := filepath.Glob(filepath.Join(set.dir, "*/cms/*.p7s"))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds")
	}
	known := map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		if m, fault := parseMessage(data); fault == nil {
			for _, c := range m.certificates {
				known[c.Fingerprint()] = true
			}
		}
	}
	content := set.read(f, "challenge.bin")
	f.Fuzz(func(t *testing.T, der []byte) {
		v, err := verifier.Verify(t.Context(), Request{Signature: der, Content: content})
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Checks) != len(CheckNames) || v.Accepted != (v.Code == OK) {
			t.Fatalf("half a verdict: %+v", v)
		}
		if v.Accepted && (v.Subject == nil || !known[v.Certificate.Fingerprint]) {
			t.Fatalf("a stranger is accepted: %+v", v)
		}
	})
}

// FuzzSubject: a subject that is read has a kind, and numbers that are right.
func FuzzSubject(f *testing.F) {
	set := openFixtures(f)
	files, err := filepath.Glob(filepath.Join(set.dir, "*/*.cer"))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds")
	}
	for _, file := range files {
		name, err := filepath.Rel(set.dir, file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(set.certificate(f, name).RawSubject)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		name, fault := pki.ParseName(der)
		if fault != nil {
			return
		}
		s, fault := ParseSubject(name)
		if fault != nil {
			return
		}
		if s.Kind == "" || s.INN != "" && !validINN(s.INN) || s.INNLE != "" && !validINNLE(s.INNLE) ||
			s.OGRN != "" && !validOGRN(s.OGRN) || s.OGRNIP != "" && !validOGRNIP(s.OGRNIP) || s.SNILS != "" && !validSNILS(s.SNILS) {
			t.Fatalf("subject %+v", s)
		}
		if strings.ContainsFunc(s.CommonName+s.LastName+s.GivenNames+s.Organisation, hidden) {
			t.Fatalf("hidden characters in %+v", s)
		}
	})
}

// FuzzTrustList: whatever a list says, each authority that it gives has usable
// certificates and a bounded history; none is trusted without limit.
func FuzzTrustList(f *testing.F) {
	set := openFixtures(f)
	root := set.read(f, "ecp256/root/ca.cer")
	f.Add([]byte(listXML("2026-05-01", center("УЦ", "1999900000010", root, "Действует", "2020-01-01", "Прекращена", "2021-01-01T10:00:00"))))
	f.Add([]byte(listXML("2026-05-01T00:00:00Z", center("УЦ", "1999900000010", []byte("x"), "Действует", "2020-01-01"))))
	f.Add([]byte(listXML("", center("УЦ", "1", root))))
	f.Fuzz(func(t *testing.T, data []byte) {
		store := NewStore()
		if _, err := store.ImportList(strings.NewReader(string(data)), "fuzz"); err != nil {
			if len(store.Authorities()) != 0 {
				t.Fatal("a failed import changed the store")
			}
			return
		}
		for _, a := range store.Authorities() {
			if len(a.Accreditation) == 0 || a.Hierarchy || len(a.Certificates) == 0 || !validOGRN(a.OGRN) {
				t.Fatalf("authority %+v", a)
			}
			for _, address := range a.CRLs {
				if !Fetchable(address) {
					t.Fatalf("address %q", address)
				}
			}
		}
	})
}

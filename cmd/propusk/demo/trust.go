package demo

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// KeyPassword opens the .p12 files of the test certification authority.
const KeyPassword = "Kashalot-2026"

// The attributes of a qualified certificate's subject (order 795 of the FSB).
var (
	oidOGRN      = asn1.ObjectIdentifier{1, 2, 643, 100, 1}
	oidSNILS     = asn1.ObjectIdentifier{1, 2, 643, 100, 3}
	oidINNLegal  = asn1.ObjectIdentifier{1, 2, 643, 100, 4}
	oidOGRNIP    = asn1.ObjectIdentifier{1, 2, 643, 100, 5}
	oidINN       = asn1.ObjectIdentifier{1, 2, 643, 3, 131, 1, 1}
	oidSurname   = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidTitle     = asn1.ObjectIdentifier{2, 5, 4, 12}
	oidGivenName = asn1.ObjectIdentifier{2, 5, 4, 42}

	oidSubjectSignTool    = asn1.ObjectIdentifier{1, 2, 643, 100, 111}
	oidIdentificationKind = asn1.ObjectIdentifier{1, 2, 643, 100, 114}
)

// policyKC1 is the protection class КС1 of the signer's tool.
var policyKC1 = mustOID(1, 2, 643, 100, 113, 1)

func mustOID(arcs ...uint64) x509.OID {
	oid, err := x509.OIDFromInts(arcs)
	if err != nil {
		panic(err) // a constant of this file is wrong
	}
	return oid
}

// makeTrust writes a test certification authority into dir, unless it is there:
//
//	roots/root.pem                   the root
//	intermediates/intermediate.pem   the authority that issues
//	crls/root.crl, intermediate.crl  both empty
//	people/NAME.pem, NAME.key.pem    a certificate and its key
//	people/NAME.p12                  both with the chain, under KeyPassword
//
// elena has RSA-2048 as a sole proprietor, irina P-256 as the head of a legal
// entity, vera and gleb P-256 as themselves: they open the operators' console by it.
func makeTrust(dir string, now time.Time) error {
	done := filepath.Join(dir, "crls", "intermediate.crl")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	for _, folder := range []string{"roots", "intermediates", "people", "crls"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			return fmt.Errorf("make the test authority's folder: %w", err)
		}
	}
	ca := authority{dir: dir, now: now}
	for _, step := range []func() error{ca.makeRoot, ca.makeIntermediate, ca.issueElena, ca.issueIrina, ca.issueOperators, ca.makeCRLs} {
		if err := step(); err != nil {
			return fmt.Errorf("make the test authority: %w", err)
		}
	}
	return nil
}

type signer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

type authority struct {
	dir                string
	now                time.Time
	root, intermediate signer
	serial             int64
}

func (a *authority) makeRoot() (err error) {
	template := a.caTemplate("Пропуск: корневой УЦ демонстрации", 1)
	a.root, err = a.newSigner(template, nil)
	if err != nil {
		return err
	}
	return a.writePEM("roots/root.pem", "CERTIFICATE", a.root.cert.Raw)
}

func (a *authority) makeIntermediate() (err error) {
	template := a.caTemplate("Пропуск: УЦ демонстрации", 0)
	template.MaxPathLenZero = true
	a.intermediate, err = a.newSigner(template, &a.root)
	if err != nil {
		return err
	}
	return a.writePEM("intermediates/intermediate.pem", "CERTIFICATE", a.intermediate.cert.Raw)
}

func (a *authority) caTemplate(name string, pathLen int) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          a.nextSerial(),
		Subject:               pkix.Name{Country: []string{"RU"}, Organization: []string{"Пропуск, демонстрация"}, CommonName: name},
		NotBefore:             a.now.Add(-time.Hour),
		NotAfter:              a.now.AddDate(10, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLen:            pathLen,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		Policies:              []x509.OID{policyKC1},
	}
}

// newSigner makes a P-256 key and its certificate; parent nil signs itself.
func (a *authority) newSigner(template *x509.Certificate, parent *signer) (signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signer{}, err
	}
	if parent == nil {
		parent = &signer{cert: template, key: key}
	}
	cert, err := issue(template, key, *parent)
	return signer{cert, key}, err
}

func issue(template *x509.Certificate, key crypto.Signer, by signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func (a *authority) issueElena() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	p := personByKey("elena")
	return a.issuePerson("elena-morozova-rsa", key, p.lastName+" "+p.firstName+" "+p.middleName, p, []pkix.AttributeTypeAndValue{
		numeric(oidOGRNIP, organisationByKey("morozova").is.OGRN),
	})
}

func (a *authority) issueIrina() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	o := organisationByKey("mayak").is
	return a.issuePerson("irina-lebedeva-p256", key, o.Name, personByKey("irina"), []pkix.AttributeTypeAndValue{
		{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: o.Name},
		{Type: oidTitle, Value: "Генеральный директор"},
		numeric(oidOGRN, o.OGRN),
		numeric(oidINNLegal, o.INN),
	})
}

func (a *authority) issueOperators() error {
	for _, one := range []struct{ key, name string }{{"vera", "vera-sedova-p256"}, {"gleb", "gleb-tikhonov-p256"}} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		p := personByKey(one.key)
		if err := a.issuePerson(one.name, key, p.lastName+" "+p.firstName+" "+p.middleName, p, nil); err != nil {
			return err
		}
	}
	return nil
}

// issuePerson issues a qualified-like certificate and writes it in every form.
func (a *authority) issuePerson(name string, key crypto.Signer, commonName string, p person, more []pkix.AttributeTypeAndValue) error {
	template, err := a.personTemplate(commonName, p, more)
	if err != nil {
		return err
	}
	cert, err := issue(template, key, a.intermediate)
	if err != nil {
		return err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	p12, err := pkcs12.Modern.Encode(key, cert, []*x509.Certificate{a.intermediate.cert, a.root.cert}, KeyPassword)
	if err != nil {
		return err
	}
	if err := a.writePEM("people/"+name+".pem", "CERTIFICATE", cert.Raw); err != nil {
		return err
	}
	if err := a.writePEM("people/"+name+".key.pem", "PRIVATE KEY", pkcs8); err != nil {
		return err
	}
	return a.write("people/"+name+".p12", p12)
}

func (a *authority) personTemplate(commonName string, p person, more []pkix.AttributeTypeAndValue) (*x509.Certificate, error) {
	signTool, err := asn1.MarshalWithParams("Пропуск, демонстрация", "utf8")
	if err != nil {
		return nil, err
	}
	inPerson, err := asn1.Marshal(0) // identified in person
	if err != nil {
		return nil, err
	}
	subject := append([]pkix.AttributeTypeAndValue{
		{Type: oidSurname, Value: p.lastName},
		{Type: oidGivenName, Value: p.firstName + " " + p.middleName},
		numeric(oidSNILS, p.snils),
		numeric(oidINN, p.inn),
	}, more...)
	return &x509.Certificate{
		SerialNumber:   a.nextSerial(),
		Subject:        pkix.Name{Country: []string{"RU"}, CommonName: commonName, ExtraNames: subject},
		EmailAddresses: []string{p.email},
		NotBefore:      a.now.Add(-time.Hour),
		NotAfter:       a.now.AddDate(1, 3, 0),
		KeyUsage:       x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		ExtKeyUsage:    []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageEmailProtection},
		Policies:       []x509.OID{policyKC1},
		ExtraExtensions: []pkix.Extension{
			{Id: oidSubjectSignTool, Value: signTool},
			{Id: oidIdentificationKind, Value: inPerson},
		},
	}, nil
}

// makeCRLs comes last: its last file says that the folder is complete.
func (a *authority) makeCRLs() error {
	for _, by := range []struct {
		file string
		signer
	}{{"crls/root.crl", a.root}, {"crls/intermediate.crl", a.intermediate}} {
		der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
			Number:     big.NewInt(1),
			ThisUpdate: a.now.Add(-time.Hour),
			NextUpdate: a.now.AddDate(1, 0, 0),
		}, by.cert, by.key)
		if err != nil {
			return err
		}
		if err := a.write(by.file, der); err != nil {
			return err
		}
	}
	return nil
}

func (a *authority) nextSerial() *big.Int {
	a.serial++
	return big.NewInt(a.now.UnixMicro()<<8 + a.serial)
}

func (a *authority) writePEM(name, kind string, der []byte) error {
	return a.write(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func (a *authority) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(a.dir, filepath.FromSlash(name)), data, 0o600)
}

// numeric is an attribute of the ASN.1 type NumericString, as the order asks;
// encoding/asn1 would write digits as PrintableString.
func numeric(oid asn1.ObjectIdentifier, digits string) pkix.AttributeTypeAndValue {
	return pkix.AttributeTypeAndValue{Type: oid, Value: asn1.RawValue{Tag: asn1.TagNumericString, Bytes: []byte(digits)}}
}

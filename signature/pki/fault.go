package pki

import "fmt"

// Code names one reason for a refusal. Codes are stable: programs may compare
// them, journals keep them. Their texts live in package signature.
type Code string

// The reasons that this package gives.
const (
	// Encoding.
	NotDER        Code = "not_der"
	TrailingBytes Code = "trailing_bytes"
	Malformed     Code = "malformed"

	// Algorithms and keys.
	AlgorithmRefused Code = "algorithm_refused"
	GOST2001Refused  Code = "gost2001_refused"
	GOST94Refused    Code = "gost94_refused"
	SHA1Refused      Code = "sha1_refused"
	MD5Refused       Code = "md5_refused"
	RSATooShort      Code = "rsa_too_short"
	RSAExponent      Code = "rsa_exponent"
	CurveRefused     Code = "curve_refused"
	CurveExplicit    Code = "curve_explicit"
	KeyMalformed     Code = "key_malformed"
	KeyOffCurve      Code = "key_off_curve"
	AlgorithmFamily  Code = "algorithm_family"
	SignatureWrong   Code = "signature_wrong"

	// Certificates and paths.
	CertificateMalformed     Code = "certificate_malformed"
	IssuerUnknown            Code = "issuer_unknown"
	IssuerSignature          Code = "issuer_signature"
	IssuerNotCA              Code = "issuer_not_ca"
	IssuerKeyUsage           Code = "issuer_key_usage"
	SelfSigned               Code = "self_signed"
	PathLength               Code = "path_length"
	PathTooComplex           Code = "path_too_complex"
	NameConstraint           Code = "name_constraint"
	CriticalExtensionUnknown Code = "critical_extension_unknown"

	// Revocation lists and OCSP answers.
	CRLMalformed   Code = "crl_malformed"
	CRLForged      Code = "crl_forged"
	CRLScope       Code = "crl_scope"
	CRLDelta       Code = "crl_delta"
	CRLStale       Code = "crl_stale"
	CRLNotYetValid Code = "crl_not_yet_valid"
	OCSPMalformed  Code = "ocsp_malformed"
	OCSPStatus     Code = "ocsp_status"
	OCSPSigner     Code = "ocsp_signer"
	OCSPForged     Code = "ocsp_forged"
	OCSPNonce      Code = "ocsp_nonce"
	OCSPStale      Code = "ocsp_stale"
	OCSPOther      Code = "ocsp_other_certificate"
)

// Fault is a refusal: the code for programs, the detail for an auditor. The
// detail is English, names the place, and is not stable.
type Fault struct {
	Code   Code
	Detail string
}

// Error returns "code: detail".
func (f *Fault) Error() string { return string(f.Code) + ": " + f.Detail }

// Faultf makes a fault with a formatted detail.
func Faultf(code Code, format string, args ...any) *Fault {
	return &Fault{Code: code, Detail: fmt.Sprintf(format, args...)}
}

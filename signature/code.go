package signature

import "propusk/signature/pki"

// Code names the reason of a check's status. Codes are stable.
type Code = pki.Code

// Fault is a refusal with its code and a detail for the auditor.
type Fault = pki.Fault

// The codes of this package; those of keys, certificates, lists and answers are
// in package pki. Codes lists all of them.
const (
	// OK is the code of a check that passed and of an accepted signature.
	OK Code = "ok"
	// NotChecked is the code of a check that an earlier failure made pointless.
	NotChecked Code = "not_checked"

	TooLarge                  Code = "too_large"
	Empty                     Code = "empty"
	NotSignedData             Code = "not_signed_data"
	ContentAttached           Code = "content_attached"
	ContentTypeNotData        Code = "content_type_not_data"
	SignersNone               Code = "signers_none"
	SignersSeveral            Code = "signers_several"
	CertificatesTooMany       Code = "certificates_too_many"
	SignerCertificateMissing  Code = "signer_certificate_missing"
	SignedAttributesMissing   Code = "signed_attributes_missing"
	AttributeMalformed        Code = "attribute_malformed"
	AttributeRepeated         Code = "attribute_repeated"
	AttributesUnsorted        Code = "attributes_unsorted"
	ContentTypeMissing        Code = "content_type_missing"
	MessageDigestMissing      Code = "message_digest_missing"
	SigningCertificateMissing Code = "signing_certificate_missing"
	DigestNotForKey           Code = "digest_not_for_key"
	DigestAlgorithmsDiffer    Code = "digest_algorithms_differ"

	DigestMismatch             Code = "digest_mismatch"
	SigningCertificateMismatch Code = "signing_certificate_mismatch"
	SignerIdentifierMismatch   Code = "signer_identifier_mismatch"

	AuthorityNotAccredited     Code = "authority_not_accredited"
	AuthorityNotAccreditedThen Code = "authority_not_accredited_then"

	CertificateExpired     Code = "certificate_expired"
	CertificateNotYetValid Code = "certificate_not_yet_valid"
	IssuerExpired          Code = "issuer_expired"
	IssuerNotYetValid      Code = "issuer_not_yet_valid"
	PrivateKeyPeriod       Code = "private_key_period"

	CertificateRevoked   Code = "certificate_revoked"
	IssuerRevoked        Code = "issuer_revoked"
	CRLMissing           Code = "crl_missing"
	CRLRollback          Code = "crl_rollback"
	OCSPUnavailable      Code = "ocsp_unavailable"
	OCSPUnknown          Code = "ocsp_unknown"
	RevocationFailedOpen Code = "revocation_failed_open"

	KeyUsage           Code = "key_usage"
	ExtendedKeyUsage   Code = "extended_key_usage"
	PolicyClassMissing Code = "policy_class_missing"
	PolicyClassLow     Code = "policy_class_low"

	SubjectIdentifierMissing Code = "subject_identifier_missing"
	SubjectAttributeRepeated Code = "subject_attribute_repeated"
	SubjectMalformed         Code = "subject_malformed"
	SubjectINN               Code = "subject_inn"
	SubjectINNLE             Code = "subject_inn_le"
	SubjectOGRN              Code = "subject_ogrn"
	SubjectOGRNIP            Code = "subject_ogrnip"
	SubjectSNILS             Code = "subject_snils"
	SubjectContradiction     Code = "subject_contradiction"
	SubjectOtherPerson       Code = "subject_other_person"
	SubjectOtherOrganisation Code = "subject_other_organisation"
)

func faultf(code Code, format string, args ...any) *Fault { return pki.Faultf(code, format, args...) }

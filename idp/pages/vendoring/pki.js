// What the certificate page needs of PKI.js and ASN1.js, for PKCS#12 files and
// for the DER of a signature.
export { Constructed, GeneralizedTime, Integer, Null, ObjectIdentifier, OctetString, Sequence, Set, UTCTime } from "asn1js";
export { AuthenticatedSafe, Certificate, EncryptedData, PBES2Params, PBKDF2Params, PFX, SafeContents, getAlgorithmByOID } from "pkijs";

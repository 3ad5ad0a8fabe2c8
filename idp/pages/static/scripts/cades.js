// A detached CAdES-BES signature (RFC 5652, RFC 5035) in DER, made with a key of
// keyfile.js: exactly what the server's profile asks for, nothing more.

const oid = {
  data: "1.2.840.113549.1.7.1", signedData: "1.2.840.113549.1.7.2",
  contentType: "1.2.840.113549.1.9.3", messageDigest: "1.2.840.113549.1.9.4", signingTime: "1.2.840.113549.1.9.5",
  signingCertificateV2: "1.2.840.113549.1.9.16.2.47", rsa: "1.2.840.113549.1.1.1",
};
const digests = { "SHA-256": "2.16.840.1.101.3.4.2.1", "SHA-384": "2.16.840.1.101.3.4.2.2", "SHA-512": "2.16.840.1.101.3.4.2.3" };
const ecdsa = { "SHA-256": "1.2.840.10045.4.3.2", "SHA-384": "1.2.840.10045.4.3.3", "SHA-512": "1.2.840.10045.4.3.4" };
const mostCertificates = 8; // of the chain, sent along

/** Signs content (bytes) with an entry of openKeyFile; the answer is DER. */
export async function signDetached(content, entry, at = new Date()) {
  const pki = await import("../vendor/pki.js");
  const der = new Builder(pki);
  const hash = entry.method.hash;
  const certificate = entry.certificate.toSchema(true).toBER();
  const attributes = der.setOf([
    der.attribute(oid.contentType, der.oid(oid.data)),
    der.attribute(oid.signingTime, der.time(at)),
    der.attribute(oid.messageDigest, der.octets(await crypto.subtle.digest(hash, content))),
    der.attribute(oid.signingCertificateV2, await der.certificateReference(certificate, hash)),
  ]);
  const value = await crypto.subtle.sign(entry.method, entry.key, attributes.toBER());
  const signer = der.sequence(
    der.integer(1), der.sequence(entry.certificate.issuer.toSchema(), entry.certificate.serialNumber),
    der.sequence(der.oid(digests[hash])), der.tagged(0, attributes), der.signatureAlgorithm(entry.method),
    der.octets(entry.method.name === "ECDSA" ? der.pair(value) : value),
  );
  const chain = entry.chain.filter((c) => !c.issuer.isEqual(c.subject)).slice(0, mostCertificates);
  const signedData = der.sequence(
    der.integer(1), der.setOf([der.sequence(der.oid(digests[hash]))]), der.sequence(der.oid(oid.data)),
    der.tagged(0, der.setOf([entry.certificate, ...chain].map((c) => c.toSchema(true)))), der.setOf([signer]),
  );
  return new Uint8Array(der.sequence(der.oid(oid.signedData), der.explicit(0, signedData)).toBER());
}

/** The few forms of ASN.1 that a signature is made of. */
class Builder {
  constructor(pki) { this.pki = pki; }

  oid(value) { return new this.pki.ObjectIdentifier({ value }); }
  integer(value) { return new this.pki.Integer({ value }); }
  octets(valueHex) { return new this.pki.OctetString({ valueHex }); }
  sequence(...value) { return new this.pki.Sequence({ value }); }
  explicit(tagNumber, inner) { return new this.pki.Constructed({ idBlock: { tagClass: 3, tagNumber }, value: [inner] }); }

  /** SET OF in DER: ordered by the encodings (X.690 §11.6). */
  setOf(items) {
    const ordered = items.map((item) => [new Uint8Array(item.toBER()), item]).sort(([a], [b]) => compare(a, b));
    return new this.pki.Set({ value: ordered.map(([, item]) => item) });
  }

  /** A SET under an implicit tag. */
  tagged(tagNumber, set) {
    return new this.pki.Constructed({ idBlock: { tagClass: 3, tagNumber }, value: set.valueBlock.value });
  }

  attribute(type, value) { return this.sequence(this.oid(type), new this.pki.Set({ value: [value] })); }

  /** UTCTime until 2049, GeneralizedTime after (RFC 5652 §11.3); whole seconds. */
  time(at) {
    const valueDate = new Date(Math.floor(at.getTime() / 1000) * 1000);
    return valueDate.getUTCFullYear() < 2050 ? new this.pki.UTCTime({ valueDate }) : new this.pki.GeneralizedTime({ valueDate });
  }

  /** SigningCertificateV2 of one certificate; SHA-256 is its default (RFC 5035 §3). */
  async certificateReference(certificate, hash) {
    const value = this.octets(await crypto.subtle.digest(hash, certificate));
    const algorithm = hash === "SHA-256" ? [] : [this.sequence(this.oid(digests[hash]))];
    return this.sequence(this.sequence(this.sequence(...algorithm, value)));
  }

  signatureAlgorithm(method) {
    if (method.name === "ECDSA") return this.sequence(this.oid(ecdsa[method.hash]));
    return this.sequence(this.oid(oid.rsa), new this.pki.Null());
  }

  /** ECDSA-Sig-Value of the two halves that WebCrypto gives (RFC 3279 §2.2.3). */
  pair(value) {
    const bytes = new Uint8Array(value), half = bytes.length / 2;
    return this.sequence(this.positive(bytes.subarray(0, half)), this.positive(bytes.subarray(half))).toBER();
  }

  positive(bytes) {
    let start = 0;
    while (start < bytes.length - 1 && bytes[start] === 0) start++;
    const digits = bytes.subarray(start);
    return new this.pki.Integer({ valueHex: digits[0] & 0x80 ? Uint8Array.of(0, ...digits) : digits.slice() });
  }
}

function compare(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

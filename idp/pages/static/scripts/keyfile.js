// A key file (.p12, .pfx: PKCS#12, RFC 7292), opened in the page by WebCrypto.
// The key becomes a CryptoKey that cannot be exported; neither it nor the file
// nor the password leaves the browser.

const largest = 1 << 20; // bytes of a file
const mostRounds = 5_000_000; // of a key derivation, so that a file cannot stop the browser

const oid = {
  data: "1.2.840.113549.1.7.1", encrypted: "1.2.840.113549.1.7.6",
  keyBag: "1.2.840.113549.1.12.10.1.1", shroudedBag: "1.2.840.113549.1.12.10.1.2", certBag: "1.2.840.113549.1.12.10.1.3",
  pbes2: "1.2.840.113549.1.5.13", pbmac1: "1.2.840.113549.1.5.14", pbkdf2: "1.2.840.113549.1.5.12", legacy: "1.2.840.113549.1.12.1.", gost: "1.2.643.",
  rsa: "1.2.840.113549.1.1.1", ec: "1.2.840.10045.2.1",
};

// Attributes of a subject that are shown or judged.
const attributes = {
  "2.5.4.3": "name", "2.5.4.10": "organisation", "1.2.643.100.3": "snils", "1.2.643.3.131.1.1": "inn", "1.2.643.100.4": "innle",
};

// Curves that the verifier takes, with the digest that it asks for.
const curves = {
  "1.2.840.10045.3.1.7": { name: "P-256", hash: "SHA-256" },
  "1.3.132.0.34": { name: "P-384", hash: "SHA-384" },
  "1.3.132.0.35": { name: "P-521", hash: "SHA-512" },
};

/** Why a file cannot be opened: code is one of the page's texts. */
export class KeyFileError extends Error {
  constructor(code, detail = "") {
    super(code);
    this.code = code;
    this.detail = detail;
  }
}

const fail = (code, detail) => { throw new KeyFileError(code, detail); };

/** What parses, or else the file is damaged. */
function parsed(read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof KeyFileError) throw error;
    return fail("file_wrong");
  }
}

/**
 * Opens a key file and lists what is in it: certificates that have their key
 * there, each with the CryptoKey, its digest and the rest of the chain.
 */
export async function openKeyFile(bytes, password) {
  if (bytes.length > largest) fail("file_large");
  const pki = await import("../vendor/pki.js");
  const file = parsed(() => pki.PFX.fromBER(bytes));
  if (file.authSafe.contentType !== oid.data) fail("file_wrong");
  const safe = parsed(() => pki.AuthenticatedSafe.fromBER(file.authSafe.content.getValue()));
  const parts = safe.safeContents.map((part) => parsed(() => readPart(pki, part)));
  for (const part of parts) part.encryption && permit(pki, part.encryption);
  await checkPassword(pki, file, parts, password);
  const bags = [];
  for (const part of parts) bags.push(...(await openPart(pki, part, password)));
  return entries(pki, bags, password);
}

/** One part of the safe: its bags, or what they are encrypted with. */
function readPart(pki, part) {
  if (part.contentType === oid.data) return { bags: pki.SafeContents.fromBER(part.content.getValue()).safeBags };
  if (part.contentType !== oid.encrypted) fail("file_unknown", part.contentType);
  const data = new pki.EncryptedData({ schema: part.content });
  return { data, encryption: data.encryptedContentInfo.contentEncryptionAlgorithm };
}

/** Whether the browser can undo this encryption; if not, what to do about it. */
function permit(pki, algorithm) {
  const id = algorithm.algorithmId;
  if (id.startsWith(oid.legacy)) fail("file_legacy");
  if (id.startsWith(oid.gost)) fail("file_gost");
  if (id !== oid.pbes2) fail("file_unknown", id);
  const { keyDerivationFunc, encryptionScheme } = parsed(() => new pki.PBES2Params({ schema: algorithm.algorithmParams }));
  const scheme = encryptionScheme.algorithmId;
  if (scheme.startsWith(oid.gost)) fail("file_gost");
  if (scheme === "1.2.840.113549.3.7" || scheme === "1.2.840.113549.3.2") fail("file_legacy"); // 3DES, RC2
  if (keyDerivationFunc.algorithmId !== oid.pbkdf2) fail("file_unknown", keyDerivationFunc.algorithmId);
  const derivation = parsed(() => new pki.PBKDF2Params({ schema: keyDerivationFunc.algorithmParams }));
  if (derivation.prf?.algorithmId.startsWith(oid.gost)) fail("file_gost");
  if (derivation.iterationCount > mostRounds) fail("file_wrong");
}

/**
 * Refuses a file that opens without a password, and a wrong password. Without a
 * MAC the password shows when the parts are decrypted.
 */
async function checkPassword(pki, file, parts, password) {
  const shrouded = parts.flatMap((part) => part.bags ?? []).filter((bag) => bag.bagId === oid.shroudedBag);
  for (const bag of shrouded) permit(pki, bag.bagValue.encryptionAlgorithm);
  if (parts.some((part) => part.bags?.some((bag) => bag.bagId === oid.keyBag))) fail("file_open");
  if (!file.macData) return password || fail("password_missing");
  const digest = file.macData.mac.digestAlgorithm.algorithmId;
  if (digest.startsWith(oid.gost)) fail("file_gost");
  if (digest !== oid.pbmac1 && !pki.getAlgorithmByOID(digest)?.name) fail("file_unknown", digest);
  if (file.macData.iterations > mostRounds) fail("file_wrong");
  const stamped = digest === oid.pbmac1 ? stampedNew : stampedOld;
  if (password === "") fail((await stamped(pki, file, "")) ? "file_open" : "password_missing");
  if (!(await stamped(pki, file, password))) fail("password_wrong");
}

/** Whether the file's MAC is that of the password (RFC 7292, appendix B). */
async function stampedOld(pki, file, password) {
  try {
    await file.parseInternalValues({ password: secret(password), checkIntegrity: true });
    return true;
  } catch {
    return false;
  }
}

const hmacs = { "1.2.840.113549.2.9": "SHA-256", "1.2.840.113549.2.10": "SHA-384", "1.2.840.113549.2.11": "SHA-512" };

/** The same by PBMAC1 (RFC 9579), which newer programs use. */
async function stampedNew(pki, file, password) {
  const { digestAlgorithm, digest } = file.macData.mac;
  const scheme = parsed(() => new pki.PBES2Params({ schema: digestAlgorithm.algorithmParams })); // of the same form
  const derivation = parsed(() => new pki.PBKDF2Params({ schema: scheme.keyDerivationFunc.algorithmParams }));
  const hash = hmacs[scheme.encryptionScheme.algorithmId], prf = hmacs[derivation.prf?.algorithmId];
  if (!hash || !prf || scheme.keyDerivationFunc.algorithmId !== oid.pbkdf2) fail("file_unknown", scheme.encryptionScheme.algorithmId);
  if (derivation.iterationCount > mostRounds || !(derivation.keyLength >= 20)) fail("file_wrong"); // RFC 9579 §9
  const raw = await crypto.subtle.importKey("raw", secret(password), "PBKDF2", false, ["deriveBits"]);
  const key = await crypto.subtle.deriveBits({
    name: "PBKDF2", hash: prf, salt: derivation.salt.valueBlock.valueHexView, iterations: derivation.iterationCount,
  }, raw, derivation.keyLength * 8);
  const hmac = { name: "HMAC", hash };
  const checking = await crypto.subtle.importKey("raw", key, hmac, false, ["verify"]);
  return crypto.subtle.verify(hmac, checking, digest.valueBlock.valueHexView, file.authSafe.content.getValue());
}

const secret = (password) => new TextEncoder().encode(password).buffer;

async function openPart(pki, part, password) {
  if (part.bags) return part.bags;
  const plain = await decrypted(() => part.data.decrypt({ password: secret(password) }));
  return parsed(() => pki.SafeContents.fromBER(plain).safeBags);
}

async function decrypted(work) {
  try {
    return await work();
  } catch {
    return fail("password_wrong");
  }
}

async function entries(pki, bags, password) {
  const certificates = bags.filter((bag) => bag.bagId === oid.certBag).map((bag) => bag.bagValue.parsedValue)
    .filter((c) => c instanceof pki.Certificate);
  const keys = [];
  for (const bag of bags.filter((bag) => bag.bagId === oid.shroudedBag)) {
    permit(pki, bag.bagValue.encryptionAlgorithm);
    await decrypted(() => bag.bagValue.parseInternalValues({ password: secret(password) }));
    keys.push(bag.bagValue.parsedValue);
  }
  if (!keys.length) fail("no_key");
  if (keys.every((key) => key.privateKeyAlgorithm.algorithmId.startsWith(oid.gost))) fail("file_gost");
  const out = [];
  for (const certificate of certificates) {
    const found = await holder(pki, certificate, keys);
    if (found) out.push({ ...found, chain: certificates.filter((c) => c !== certificate) });
  }
  return out.length ? out : fail("no_key");
}

/** The certificate with its key, when one of keys is its own. */
async function holder(pki, certificate, keys) {
  const described = describe(pki, certificate);
  if (!described.method) return null;
  for (const key of keys) {
    if (key.privateKeyAlgorithm.algorithmId !== described.algorithm) continue;
    try {
      const own = await crypto.subtle.importKey("pkcs8", key.toSchema().toBER(), described.method, false, ["sign"]);
      if (await belongs(certificate, own, described.method)) return { ...described, key: own, hasKey: true };
    } catch {
      // another curve or a damaged key: it is not this certificate's
    }
  }
  return null;
}

/** Whether the key signs what the certificate's public key verifies. */
async function belongs(certificate, key, method) {
  const open = await crypto.subtle.importKey("spki", certificate.subjectPublicKeyInfo.toSchema().toBER(), method, false, ["verify"]);
  const probe = crypto.getRandomValues(new Uint8Array(32));
  return crypto.subtle.verify(method, open, await crypto.subtle.sign(method, key, probe), probe);
}

/** What is shown of a certificate and what its fitness is judged by. */
export function describe(pki, certificate) {
  const info = certificate.subjectPublicKeyInfo, algorithm = info.algorithm.algorithmId;
  const usage = certificate.extensions?.find((e) => e.extnID === "2.5.29.15")?.parsedValue?.valueBlock.valueHexView;
  const curve = algorithm === oid.ec ? info.algorithm.algorithmParams?.valueBlock.toString() : undefined;
  return {
    certificate, algorithm, curve, curveFits: curve in curves, method: method(algorithm, curve),
    bits: algorithm === oid.rsa ? modulus(info) : undefined,
    subject: named(certificate.subject), issuer: named(certificate.issuer),
    from: certificate.notBefore.value, to: certificate.notAfter.value,
    signs: usage ? (usage[0] & 0xc0) !== 0 : undefined, // digitalSignature, nonRepudiation
  };
}

function method(algorithm, curve) {
  if (algorithm === oid.rsa) return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const found = curves[curve];
  return found && { name: "ECDSA", namedCurve: found.name, hash: found.hash };
}

/** Bits of an RSA modulus. */
function modulus(info) {
  const bytes = info.parsedKey?.modulus?.valueBlock.valueHexView ?? new Uint8Array();
  const first = bytes.findIndex((b) => b !== 0);
  return first < 0 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first]) + 24;
}

function named(name) {
  const out = { text: name.typesAndValues.map((part) => `${part.type}=${part.value.valueBlock.value}`).join(",") };
  for (const part of name.typesAndValues) {
    const key = attributes[part.type];
    if (key && !out[key]) out[key] = part.value.valueBlock.value;
  }
  return out;
}

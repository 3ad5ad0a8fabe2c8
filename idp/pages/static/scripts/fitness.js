// Whether a certificate can sign here, and if not, why. The server judges anew;
// this spares a person the attempt.

const rsa = "1.2.840.113549.1.1.1", ec = "1.2.840.10045.2.1";
const gost2012 = ["1.2.643.7.1.1.1.1", "1.2.643.7.1.1.1.2"], gost2001 = "1.2.643.2.2.19";

/** The reason that speaks against a certificate, as [text, values], or null. */
export function unfit(c, { gost = false, now = new Date() } = {}) {
  if (c.unreadable) return ["why_unreadable", {}];
  if (c.to < now) return ["why_expired", { date: c.to }];
  if (c.from > now) return ["why_early", { date: c.from }];
  if (c.algorithm === gost2001) return ["why_gost2001", {}];
  if (gost2012.includes(c.algorithm) && !gost) return ["why_gost", {}];
  if (![rsa, ec, ...gost2012].includes(c.algorithm)) return ["why_algorithm", {}];
  if (c.algorithm === rsa && c.bits && c.bits < 2048) return ["why_rsa_short", {}];
  if (c.algorithm === ec && c.curve && !c.curveFits) return ["why_algorithm", {}];
  if (!c.hasKey) return ["why_no_key", {}];
  if (c.signs === false) return ["why_usage", {}];
  if (c.subject.text && c.subject.text === c.issuer.text) return ["why_self", {}];
  if (!c.subject.snils && !c.subject.inn) return ["why_numbers", {}];
  return null;
}

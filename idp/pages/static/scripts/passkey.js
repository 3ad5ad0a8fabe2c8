// Passkeys (WebAuthn Level 3): the sign-in by button and on the login field, and
// the making of a new one. A form says what it wants:
//
//   data-passkey   "get" or "create"
//   data-options   the options as JSON, binary values in base64url
//   data-autofill  name of the field where browsers offer passkeys
//
// What the authenticator answers goes into the form's field `credential`.

const words = (form) => JSON.parse(form.dataset.words);

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** The options as the browser wants them: binary values where JSON has text. */
export function readOptions(json) {
  const given = JSON.parse(json);
  const options = given.publicKey ?? given;
  const named = (list) => list?.map((entry) => ({ ...entry, id: toBytes(entry.id) }));
  options.challenge = toBytes(options.challenge);
  if (options.user) options.user.id = toBytes(options.user.id);
  if (options.allowCredentials) options.allowCredentials = named(options.allowCredentials);
  if (options.excludeCredentials) options.excludeCredentials = named(options.excludeCredentials);
  return options;
}

/** The answer as JSON, in the form of PublicKeyCredential.toJSON (§5.1.1). */
export function writeCredential(credential) {
  const response = { clientDataJSON: toText(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  });
}

/** Which of the page's texts tells an exception; "" when there is nothing to tell. */
export function reason(error) {
  switch (error.name) {
    case "AbortError": return "";
    case "NotAllowedError": return "cancelled";
    case "InvalidStateError": return "exists";
    case "SecurityError": return "insecure";
  }
  return "failed";
}

class Ceremony {
  #form; #waiting; #asked = false;

  constructor(form) {
    this.#form = form;
    form.hidden = false;
    form.addEventListener("submit", (event) => this.#pressed(event));
    if (form.dataset.autofill) this.#offerOnField();
  }

  async #pressed(event) {
    if (this.#asked) return; // the answer is in the form, let it go
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#tell("asking");
    await this.#perform({});
  }

  /** The browser offers passkeys among the saved passwords of the login field. */
  async #offerOnField() {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    await this.#perform({ mediation: "conditional" });
  }

  async #perform(how) {
    this.#waiting?.abort(); // a browser knows one ceremony at a time
    const waiting = (this.#waiting = new AbortController());
    const create = this.#form.dataset.passkey === "create";
    const publicKey = readOptions(this.#form.dataset.options);
    try {
      const request = { publicKey, signal: waiting.signal, ...how };
      const answer = create ? await navigator.credentials.create(request) : await navigator.credentials.get(request);
      this.#send(answer);
    } catch (error) {
      if (how.mediation) return; // nobody asked for it
      this.#tell(reason(error));
      if (this.#form.dataset.autofill && this.#waiting === waiting) this.#offerOnField();
    }
  }

  #send(answer) {
    this.#form.elements.credential.value = writeCredential(answer);
    this.#asked = true;
    this.#form.requestSubmit();
    this.#asked = false; // whoever comes back to the page is asked again
  }

  #tell(key) {
    this.#form.querySelector("[data-told]").textContent = key ? words(this.#form)[key] : "";
  }
}

/** Tells the server, by a cookie, whether a passkey could be made here: only then it offers one. */
async function tellAble() {
  const able = await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable?.();
  const age = able ? 365 * 24 * 3600 : 0;
  document.cookie = `__Host-propusk-able=yes; Path=/; Secure; SameSite=Lax; Max-Age=${age}`;
}

if (globalThis.document && globalThis.PublicKeyCredential && navigator.credentials) {
  // A server that knows it may offer a passkey later, on a page without this script.
  PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable?.().then((able) => {
    document.cookie = `__Host-propusk-able=${able ? "yes" : "no"}; Path=/; Secure; SameSite=Lax`;
  });
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (form.dataset.options) new Ceremony(form);
  }
  if (document.querySelector("form[data-passkey=get]")) tellAble();
  for (const part of document.querySelectorAll("[data-with=passkey]")) part.hidden = false;
  for (const part of document.querySelectorAll("[data-unable]")) part.hidden = true;
}

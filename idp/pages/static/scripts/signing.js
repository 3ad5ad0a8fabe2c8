// The ways of signing that need a script: the CryptoPro plug-in and a key file.
// Each makes a detached signature of the server's challenge, or of the file that
// the person chose, and sends it in the form's field `signature`. Signing in
// another program works without any of this.
import { Plugin, PluginMissing, toBase64 } from "./cryptopro.js";
import { KeyFileError, openKeyFile } from "./keyfile.js";
import { signDetached } from "./cades.js";
import { unfit } from "./fitness.js";

const language = globalThis.document?.documentElement.lang || "ru";

/** A failure that the page has words for. */
class Told extends Error {
  constructor(code, values = {}) {
    super(code);
    this.code = code;
    this.values = values;
  }
}

class Desk {
  constructor(form) {
    this.form = form;
    this.words = JSON.parse(form.dataset.words);
    for (const Way of [PluginWay, FileWay]) new Way(this, form.querySelector(`[data-way=${Way.way}]`));
    form.querySelector("[data-way=upload]").open = Boolean(form.querySelector("[aria-invalid=true]"));
    form.querySelector("[data-download]")?.addEventListener("click", (event) => this.#download(event));
  }

  /** One of the page's texts with its {values}; dates as the page's language writes them. */
  say(key, values = {}) {
    return this.words[key].replace(/\{(\w+)\}/g, (_, name) =>
      values[name] instanceof Date ? values[name].toLocaleDateString(language, { dateStyle: "long" }) : String(values[name] ?? ""));
  }

  /** What is to be signed: the page's file, the chosen one, or a challenge that is as new as can be. */
  async content() {
    if (this.form.dataset.file) return this.#file();
    const chosen = this.form.elements.content;
    if (!chosen) return new TextEncoder().encode((await this.#challenge()).text);
    if (!chosen.files.length) {
      chosen.focus();
      throw new Told("no_content");
    }
    return new Uint8Array(await chosen.files[0].arrayBuffer());
  }

  /** The very bytes of the page's file. An answer from elsewhere is a page to sign in at. */
  async #file() {
    try {
      const answer = await fetch(this.form.dataset.file);
      if (!answer.ok || answer.redirected) throw new Error(`HTTP ${answer.status}`);
      return new Uint8Array(await answer.arrayBuffer());
    } catch (error) {
      throw new Told("no_file", { detail: error.message });
    }
  }

  async #challenge() {
    const fields = new URLSearchParams();
    for (const field of this.form.querySelectorAll("input[type=hidden]:not([disabled])")) fields.append(field.name, field.value);
    let challenge;
    try {
      const answer = await fetch(this.form.dataset.challenge, { method: "POST", headers: { Accept: "application/json" }, body: fields });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      challenge = await answer.json();
    } catch (error) {
      throw new Told("no_challenge", { detail: error.message });
    }
    this.form.elements.challenge.value = challenge.id;
    const shown = this.form.querySelector("[data-text]");
    if (shown) shown.textContent = challenge.text;
    return challenge;
  }

  /** The file to sign elsewhere, of the challenge that this page will answer. */
  async #download(event) {
    event.preventDefault();
    const name = event.currentTarget.dataset.download;
    const told = this.form.querySelector("[data-way=upload] [data-told]");
    try {
      const { text } = await this.#challenge();
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
      link.download = name;
      link.click();
      URL.revokeObjectURL(link.href);
      told.textContent = "";
    } catch (error) {
      told.textContent = this.say(error.code, error.values);
    }
  }

  /** Sends a signature in place of a file. */
  send(base64) {
    for (const field of this.form.querySelectorAll("input[type=file][name=signature]")) field.disabled = true;
    const made = this.form.querySelector("[data-made]");
    made.disabled = false;
    made.value = base64;
    HTMLFormElement.prototype.submit.call(this.form); // a page's own field may be called submit
  }
}

/** One way: find certificates, let one be chosen, sign with it. */
class Way {
  #list; #told; #sign; #certificates = []; #busy = false;

  constructor(desk, panel) {
    this.desk = desk;
    this.panel = panel;
    this.#list = panel.querySelector("[data-list]");
    this.#told = panel.querySelector("[data-told]");
    this.#sign = panel.querySelector("[data-sign]");
    panel.hidden = false;
    panel.querySelector("[data-find]").addEventListener("click", () => this.#alone(() => this.find()));
    this.#sign.addEventListener("click", () => this.#alone(() => this.#signChosen()));
  }

  /** Runs one act at a time and tells how it went wrong. */
  async #alone(act) {
    if (this.#busy) return;
    this.#busy = true;
    this.panel.setAttribute("aria-busy", "true");
    try {
      await act();
    } catch (error) {
      this.tell(...this.explain(error));
    } finally {
      this.#busy = false;
      this.panel.removeAttribute("aria-busy");
    }
  }

  tell(key, values) {
    this.#told.textContent = key ? this.desk.say(key, values) : "";
    this.#told.classList.toggle("fault", failures.test(key));
  }

  explain(error) {
    if (error instanceof Told) return [error.code, error.values];
    return ["sign_failed", { detail: error.message || String(error) }];
  }

  /** Lists what fits as a choice, and below it what does not, each with the reason. */
  show(certificates, judge) {
    const judged = certificates.map((c) => [c, unfit(c, judge)]);
    this.#certificates = judged.filter(([, why]) => !why).map(([c]) => c);
    const others = judged.filter(([, why]) => why);
    this.#list.replaceChildren();
    if (this.#certificates.length) this.#list.append(this.#choice());
    if (others.length) this.#list.append(this.#refused(others));
    this.#sign.hidden = !this.#certificates.length;
    this.tell(this.#certificates.length ? "choose" : certificates.length ? "none_fit" : "no_certificates");
    this.#list.querySelector("input")?.focus();
  }

  #choice() {
    const group = part("fieldset", "strips");
    group.append(part("legend", "unseen", this.desk.say("fits")));
    this.#certificates.forEach((c, i) => {
      const strip = part("label", "strip"), radio = document.createElement("input");
      Object.assign(radio, { type: "radio", checked: i === 0, value: String(i) });
      radio.name = `chosen-${this.constructor.way}`;
      radio.setAttribute("form", ""); // it is not sent
      strip.append(radio, this.#described(c));
      group.append(strip);
    });
    return group;
  }

  #refused(others) {
    const list = part("ul", "refused");
    for (const [c, [why, values]] of others) {
      const line = part("li");
      line.append(this.#described(c), part("p", "fault", this.desk.say(why, values)));
      list.append(line);
    }
    const box = part("div", "stack");
    box.append(part("p", "hint", this.desk.say("others")), list);
    return box;
  }

  #described(c) {
    const box = part("span"), facts = part("span", "facts");
    box.append(part("b", "", c.subject.name || c.subject.text || "?"), facts);
    const said = [c.subject.organisation, c.to && this.desk.say("until", { date: c.to }), this.desk.say("issued", { issuer: c.issuer.name || c.issuer.text || "?" })];
    for (const text of said) if (text && text !== c.subject.name) facts.append(part("span", "", text));
    return box;
  }

  async #signChosen() {
    const chosen = this.#list.querySelector("input:checked");
    const content = await this.desk.content();
    this.tell("signing");
    const signature = await this.sign(this.#certificates[Number(chosen.value)], content);
    this.tell("sending");
    this.desk.send(signature);
  }
}

// Texts that tell of something gone wrong.
const failures = /^(no_|none_|refused|sign_failed|cancelled|file_(?!opening)|password_)/;

class PluginWay extends Way {
  static way = "plugin";
  #plugin;

  async find() {
    this.tell("looking");
    this.#plugin = await Plugin.find();
    this.tell("listing");
    this.show(await this.#plugin.certificates(), { gost: true });
  }

  sign(certificate, content) { return this.#plugin.sign(certificate, content); }

  explain(error) {
    if (error instanceof PluginMissing) return ["no_plugin"];
    if (error instanceof Told) return super.explain(error);
    const detail = error.message || String(error);
    return /0x8010006E|0x800704C7/i.test(detail) ? ["cancelled"] : ["refused", { detail }]; // the person closed the dialogue
  }
}

class FileWay extends Way {
  static way = "file";
  #file; #password;

  constructor(desk, panel) {
    super(desk, panel);
    this.#file = panel.querySelector("input[type=file]");
    this.#password = panel.querySelector("#keyword");
    this.#password.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // the form has another first button
      panel.querySelector("[data-find]").click();
    });
  }

  async find() {
    const [file] = this.#file.files;
    if (!file) throw new Told("file_missing");
    this.tell("file_opening");
    const entries = await openKeyFile(new Uint8Array(await file.arrayBuffer()), this.#password.value);
    this.#password.value = "";
    this.show(entries);
  }

  async sign(entry, content) { return toBase64(await signDetached(content, entry)); }

  explain(error) {
    if (!(error instanceof KeyFileError)) return super.explain(error);
    if (error.code.startsWith("password_")) this.#password.focus();
    return [error.code, { detail: error.detail }];
  }
}

function part(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

if (globalThis.document) {
  for (const form of document.querySelectorAll("form[data-signing]")) new Desk(form);
}

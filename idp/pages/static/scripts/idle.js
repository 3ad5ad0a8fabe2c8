// Warns before a session ends by itself and offers to go on. What was typed into
// the page's forms and not sent comes back after a new sign-in in the same tab,
// but for secrets and files.
//
//   data-left     seconds until the end, from when the page was drawn
//   data-warn     seconds before the end when the warning opens
//   data-prolong  POST here keeps the session; 204 when it did
//   data-end      where to go when it has ended
//   data-keeper   whose forms these are

const secret = "[type=password], [type=file], [type=hidden], [autocomplete=one-time-code]";

const changed = (field) => {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.options) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
  return field.value !== field.defaultValue;
};

/** What is typed in one form, in the tab's own storage. */
class Kept {
  #form; #key;

  constructor(form, number, keeper) {
    this.#form = form;
    this.#key = ["kept", keeper, location.pathname, form.getAttribute("action"), number].join(" ");
  }

  #fields() {
    return [...this.#form.elements].filter((field) => field.name && !field.matches(secret) && field.tagName !== "BUTTON");
  }

  save() {
    const typed = this.#fields().map((field, i) => [i, field]).filter(([, field]) => changed(field));
    if (!typed.length) return;
    sessionStorage.setItem(this.#key, JSON.stringify(typed.map(([i, field]) => [i, field.name, field.value, Boolean(field.checked)])));
  }

  drop() { sessionStorage.removeItem(this.#key); }

  /** Puts the values back, once; reports whether there were any. */
  restore() {
    const found = sessionStorage.getItem(this.#key);
    if (!found) return false;
    this.drop();
    const fields = this.#fields();
    for (const [i, name, value, checked] of JSON.parse(found)) {
      const field = fields[i];
      if (field?.name !== name) continue; // the form is another one by now
      if (field.type !== "checkbox" && field.type !== "radio") field.value = value;
      else if (field.value === value) field.checked = checked;
    }
    return true;
  }
}

class Watch {
  #dialog; #left; #warn; #end; #forms; #news; #ended = false;

  constructor(dialog) {
    this.#dialog = dialog;
    this.#left = Number(dialog.dataset.left) * 1000;
    this.#warn = Number(dialog.dataset.warn) * 1000;
    const forms = [...document.querySelectorAll("main form[method=post]")];
    this.#forms = forms.map((form, i) => new Kept(form, i, dialog.dataset.keeper));
    this.#news = new BroadcastChannel("propusk-idle");
    this.#news.addEventListener("message", () => this.#begin()); // another tab was used
    dialog.querySelector("[data-stay]").addEventListener("click", () => this.#prolong());
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); if (!this.#ended) this.#prolong(); });
    this.#forget();
    this.#restore();
    this.#begin();
    this.#news.postMessage("used");
    document.addEventListener("submit", () => this.#leave());
    setInterval(() => this.#tick(), 1000);
  }

  /** What somebody else left unfinished in this tab is nobody's business now. */
  #forget() {
    const others = Object.keys(sessionStorage).filter((key) => key.startsWith("kept ") && !key.startsWith(`kept ${this.#dialog.dataset.keeper} `));
    for (const key of others) sessionStorage.removeItem(key);
  }

  #restore() {
    if (document.querySelector("[data-summary]")) return; // the server gave the values back itself
    const restored = this.#forms.map((form) => form.restore()).some(Boolean);
    document.querySelector("[data-restored]").hidden = !restored;
    if (restored) document.querySelector("main").prepend(document.querySelector("[data-restored]"));
  }

  #begin() {
    this.#end = Date.now() + this.#left;
    if (this.#dialog.open && !this.#ended) this.#dialog.close();
  }

  /** A form that leaves while the session lives needs no keeping. */
  #leave() {
    const alive = !this.#ended && Date.now() < this.#end;
    for (const form of this.#forms) alive ? form.drop() : form.save();
  }

  #tick() {
    const left = this.#end - Date.now(); // by the clock: a laptop may have slept
    if (this.#ended || left > this.#warn) return;
    if (!this.#dialog.open) this.#dialog.showModal();
    if (left <= 0) return this.#finish("ended");
    const seconds = Math.ceil(left / 1000);
    this.#dialog.querySelector("[data-clock]").textContent =
      `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  async #prolong() {
    try {
      const answer = await fetch(this.#dialog.dataset.prolong, { method: "POST", redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      this.#begin();
      this.#news.postMessage("used");
    } catch {
      this.#finish("failed");
    }
  }

  #finish(key) {
    this.#ended = true;
    for (const form of this.#forms) form.save();
    this.#dialog.querySelector("[data-told]").textContent = JSON.parse(this.#dialog.dataset.words)[key];
    this.#dialog.querySelector("[data-clock]").hidden = true;
    this.#dialog.querySelector("[data-stay]").hidden = true;
    const again = this.#dialog.querySelector("[data-again]");
    again.hidden = false;
    again.focus();
  }
}

const dialog = document.querySelector("[data-idle]");
if (dialog && Number(dialog.dataset.left) > 0) new Watch(dialog);

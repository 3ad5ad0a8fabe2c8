// A long form saves itself as it is filled in, and says when it did. Without
// script its own button does.
//
//   data-autosave   POST here saves the form; of the answer {"version","faults"} the
//                   version goes into the field of that name, so that another window's
//                   work is not written over; what is wrong with a field that the
//                   person has left is told at it
//   data-saved, data-unsaved, data-conflict   what to say
//   [data-state]    where to say it

const pause = 1200; // ms after the last change
const patience = 10000; // ms that a person's own click waits for it

/** Tells at a field what is wrong with it, or that nothing is any more. */
function mark(field, text) {
  const box = field.closest(".field");
  if (!box || !field.name) return;
  let told = box.querySelector(".fault");
  box.classList.toggle("wrong", Boolean(text));
  if (!text) {
    told?.remove();
    field.removeAttribute("aria-invalid");
    return;
  }
  if (!told) {
    told = document.createElement("p");
    told.className = "fault";
    told.id = `${field.id}-fault`;
    field.after(told);
    const described = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== told.id);
    field.setAttribute("aria-describedby", [told.id, ...described].join(" "));
  }
  field.setAttribute("aria-invalid", "true");
  told.textContent = text;
}

class Autosave {
  #form; #state; #timer; #left = new Set(); #saving = null; #again = false; #stopped = false; #following = false;

  constructor(form) {
    this.#form = form;
    this.#state = form.querySelector("[data-state]");
    form.addEventListener("input", (event) => {
      if (event.target.type === "file" || this.#stopped) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#save(), pause);
    });
    form.addEventListener("focusout", (event) => this.#left.add(event.target));
    form.addEventListener("submit", (event) => {
      clearTimeout(this.#timer);
      this.#stopped = true;
      if (this.#saving) this.#follow(event);
    });
  }

  /** Sends the form after what is under way, whose version it must carry. */
  async #follow(event) {
    event.preventDefault();
    if (this.#following) return;
    this.#following = true;
    await Promise.race([this.#saving, new Promise((resolve) => setTimeout(resolve, patience))]);
    this.#saving = null;
    this.#following = false;
    this.#form.requestSubmit(event.submitter);
  }

  async #save() {
    if (this.#saving) {
      this.#again = true;
      return;
    }
    this.#saving = this.#send().catch(() => this.#say("unsaved"));
    await this.#saving;
    this.#saving = null;
    if (this.#again && !this.#stopped) {
      this.#again = false;
      this.#save();
    }
  }

  async #send() {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(this.#form)) if (typeof value === "string") body.append(name, value);
    const answer = await fetch(this.#form.dataset.autosave, { method: "POST", headers: { Accept: "application/json" }, body });
    if (answer.status === 409 || answer.status === 412) {
      this.#stopped = true;
      this.#say("conflict");
      return;
    }
    if (!answer.ok || answer.redirected) throw new Error(`HTTP ${answer.status}`);
    const { version, faults } = await answer.json();
    const field = this.#form.elements.namedItem("version");
    if (field && version) field.value = version;
    this.#say("saved");
    if (faults) for (const field of this.#left) mark(field, faults[field.name]);
  }

  #say(what) {
    const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    this.#state.textContent = this.#form.dataset[what].replace("{time}", time);
    this.#state.classList.toggle("fault", what !== "saved");
  }
}

if (globalThis.document) {
  for (const form of document.querySelectorAll("form[data-autosave]")) new Autosave(form);
}

// A form is checked by the server while it is filled in: what is wrong with a field
// is told once its person has left it, and goes away when it is mended. Without
// script the form's own button does the same.
//
//   data-check         POST here tells {"faults": {name: words}, "left": words} of the
//                      form as it stands; nothing is kept
//   [data-left]        where "left" is said
//   [data-when]        a part that is shown when the field of that name has one of the
//                      values in data-is

const pause = 400; // ms after a field was left

class Checked {
  #form; #left = new Set(); #timer; #asked = 0;

  constructor(form) {
    this.#form = form;
    for (const field of form.querySelectorAll("[aria-invalid=true]")) this.#left.add(field.name);
    form.addEventListener("change", (event) => {
      this.#show();
      if (event.target.name) this.#leave(event.target.name);
    });
    form.addEventListener("focusout", (event) => {
      if (event.target.name && event.target.value) this.#leave(event.target.name);
    });
  }

  #leave(name) {
    this.#left.add(name);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), pause);
  }

  async #check() {
    const number = ++this.#asked;
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(this.#form)) if (typeof value === "string") body.append(name, value);
    try {
      const answer = await fetch(this.#form.dataset.check, { method: "POST", headers: { Accept: "application/json" }, body });
      if (!answer.ok || answer.redirected || number !== this.#asked) return;
      this.#tell(await answer.json());
    } catch {
      // The button checks all the same, and says what is the matter.
    }
  }

  #tell({ faults, left }) {
    for (const name of this.#left) mark(this.#form.elements.namedItem(name), faults[name]);
    const told = this.#form.querySelector("[data-left]");
    if (told && told.textContent !== left) told.textContent = left;
  }

  /** Parts that another value asks for. */
  #show() {
    for (const part of this.#form.querySelectorAll("[data-when]")) {
      const field = this.#form.elements.namedItem(part.dataset.when);
      if (field) part.hidden = !part.dataset.is.split(" ").includes(field.value);
    }
  }
}

/** Says at a field what is wrong with it, or that nothing is any more. */
function mark(field, words) {
  if (!field?.id) return;
  const box = field.closest(".field"), id = `${field.id}-fault`;
  let told = document.getElementById(id);
  box.classList.toggle("wrong", Boolean(words));
  const described = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((one) => one && one !== id);
  if (words) {
    if (!told) {
      told = document.createElement("p");
      told.className = "fault";
      told.id = id;
      (field.closest(".secret") ?? field).after(told);
    }
    if (told.textContent !== words) told.textContent = words;
    field.setAttribute("aria-invalid", "true");
    described.unshift(id);
  } else {
    told?.remove();
    field.removeAttribute("aria-invalid");
  }
  if (described.length) field.setAttribute("aria-describedby", described.join(" "));
  else field.removeAttribute("aria-describedby");
}

if (globalThis.document) {
  for (const form of document.querySelectorAll("form[data-check]")) new Checked(form);
}

// Filters of a list take effect as they are chosen: the page is asked for with
// them, and its list is put in the place of the present one. Without script the
// form's button does the same.
//
//   data-live   id of the list; its data-told is what a reader of the screen hears

const pause = 350; // ms after the last key in a search

/** The address of a form of method GET as it is filled in, without what is empty. */
export function address(action, entries) {
  const query = new URLSearchParams([...entries].filter(([, value]) => value !== "")).toString();
  return query ? `${action}?${query}` : action;
}

class Live {
  #form; #id; #asked = 0; #timer; #told;

  constructor(form) {
    this.#form = form;
    this.#id = form.dataset.live;
    this.#told = document.createElement("p");
    this.#told.className = "unseen";
    this.#told.setAttribute("role", "status");
    form.append(this.#told);
    form.addEventListener("change", () => this.#apply());
    form.addEventListener("input", (event) => {
      if (event.target.type !== "search") return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#apply(), pause);
    });
  }

  async #apply() {
    clearTimeout(this.#timer);
    const number = ++this.#asked;
    const to = address(this.#form.getAttribute("action"), new FormData(this.#form));
    try {
      const answer = await fetch(to, { headers: { Accept: "text/html" } });
      if (number !== this.#asked) return; // something newer was chosen meanwhile
      const part = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(this.#id);
      if (!part) return location.assign(to); // what is wrong is told on the page itself
      if (number !== this.#asked) return;
      document.getElementById(this.#id).replaceWith(part);
      history.replaceState(null, "", to);
      this.#told.textContent = part.dataset.told ?? "";
    } catch {
      location.assign(to);
    }
  }
}

if (globalThis.document) {
  for (const form of document.querySelectorAll("form[data-live]")) new Live(form);
}

// A form that comes to something in words: the server says them anew at each change.
// Without script they are on the next step.
//
//   data-words-of       POST here tells {"words": [sentence, …]} of the form as it stands
//   [data-words-list]   where they are said
//   [data-shows]        a choice that shows the part of that name and hides the others

class Words {
  #form; #list; #asked = 0;

  constructor(form) {
    this.#form = form;
    this.#list = form.querySelector("[data-words-list]");
    form.addEventListener("change", () => this.#ask());
  }

  async #ask() {
    const number = ++this.#asked;
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(this.#form)) if (typeof value === "string") body.append(name, value);
    try {
      const answer = await fetch(this.#form.dataset.wordsOf, { method: "POST", headers: { Accept: "application/json" }, body });
      if (!answer.ok || answer.redirected || number !== this.#asked) return;
      this.#say((await answer.json()).words);
    } catch {
      // The next step says it.
    }
  }

  #say(words) {
    const list = document.createElement("ul");
    list.className = "points";
    for (const sentence of words) list.append(Object.assign(document.createElement("li"), { textContent: sentence }));
    this.#list.replaceChildren(list);
  }
}

/** Shows the part that is chosen; without script all are there. */
function choose(form) {
  const chosen = form.querySelector("[data-shows]:checked")?.dataset.shows;
  for (const part of form.querySelectorAll("[data-part]")) part.hidden = part.dataset.part !== chosen;
}

if (globalThis.document) {
  for (const form of document.querySelectorAll("form[data-words-of]")) new Words(form);
  for (const form of document.querySelectorAll("form:has([data-shows])")) {
    form.addEventListener("change", () => choose(form));
    choose(form);
  }
}

// Uploads files in pieces, with progress; what broke off goes on where it stopped,
// also after the page was closed. Without script the form sends its files whole.
//
//   data-upload   POST here, with the form's fields and file_name and size, begins
//                 an upload: {"id","offset"}; PUT …/{id}?offset=N takes a piece;
//                 GET …/{id} tells how far it is; POST …/{id}/finish: {"path"}
//   data-words    what to say
//   [data-list]   where each file's line goes
//   [data-drop]   where files may be dropped

const piece = 1 << 20; // bytes
const tries = 5; // of one piece, with a longer rest after each

/** What names an unfinished upload of this very file in the browser's memory. */
export const memory = (file) => ["upload", file.name, file.size, file.lastModified].join(" ");

/** "1,2 МБ" of a number of bytes. */
export function size(bytes, lang) {
  const units = lang === "en" ? ["B", "KB", "MB", "GB"] : ["Б", "КБ", "МБ", "ГБ"];
  let n = bytes, unit = 0;
  while (n >= 1024 && unit < units.length - 1) [n, unit] = [n / 1024, unit + 1];
  return `${n.toLocaleString(lang, { maximumFractionDigits: n < 10 && unit ? 1 : 0 })} ${units[unit]}`;
}

/** Content-Digest of a piece (RFC 9530 §2). */
export async function digest(bytes) {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `sha-256=:${btoa(String.fromCharCode(...sum))}:`;
}

/** A refusal in the server's words: trying again does not help. */
class Refused extends Error {}

async function ask(method, to, body, headers = {}) {
  const answer = await fetch(to, { method, body, headers: { Accept: "application/json", ...headers } });
  if (answer.redirected) throw new Refused(); // signed out meanwhile
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  if (answer.status >= 500 || answer.status === 429) throw new Error(`HTTP ${answer.status}`);
  throw Object.assign(new Refused(told.detail), { status: answer.status, offset: told.offset });
}

const rest = (ms) => new Promise((done) => setTimeout(done, ms));

class Upload {
  constructor(form, file, line) {
    Object.assign(this, { form, file, line, to: form.dataset.upload });
    this.drawnFor = { "Cabinet-Organisation": form.elements.namedItem("cabinet-organisation")?.value ?? "" };
  }

  /** The whole way of one file; answers where its document is, and what did not work. */
  async run() {
    let { id, offset } = await this.#resumed() ?? await this.#begun();
    while (offset < this.file.size) {
      offset = await this.#piece(id, offset);
      this.line.progress(offset);
    }
    this.line.finishing();
    const done = await ask("POST", `${this.to}/${id}/finish`, this.#fields());
    localStorage.removeItem(memory(this.file));
    return done;
  }

  #fields() {
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) if (typeof value === "string") fields.append(name, value);
    return fields;
  }

  async #resumed() {
    const id = localStorage.getItem(memory(this.file));
    if (!id) return null;
    const known = await ask("GET", `${this.to}/${id}`).catch(() => null);
    if (!known) localStorage.removeItem(memory(this.file));
    else this.line.progress(known.offset);
    return known;
  }

  async #begun() {
    const fields = this.#fields();
    fields.set("file_name", this.file.name);
    fields.set("size", this.file.size);
    const begun = await ask("POST", this.to, fields);
    localStorage.setItem(memory(this.file), begun.id);
    return begun;
  }

  async #piece(id, offset) {
    const bytes = await this.file.slice(offset, offset + piece).arrayBuffer();
    for (let attempt = 1; ; attempt++) {
      try {
        const body = await ask("PUT", `${this.to}/${id}?offset=${offset}`, bytes, { ...this.drawnFor, "Content-Type": "application/octet-stream", "Content-Digest": await digest(bytes) });
        return body.offset;
      } catch (error) {
        if (error.offset > offset) return error.offset; // the piece had arrived, its answer had not
        if (error instanceof Refused || attempt === tries) throw error;
        this.line.waiting();
        await rest(1000 * 2 ** attempt);
      }
    }
  }
}

/** The line of one file in the list. */
class Line {
  #desk; #file; #item; #bar; #told;

  constructor(desk, file) {
    this.#desk = desk;
    this.#file = file;
    this.#item = document.createElement("li");
    const name = document.createElement("b");
    name.textContent = file.name;
    this.#bar = document.createElement("progress");
    this.#bar.className = "progress";
    this.#bar.max = file.size || 1;
    this.#bar.value = 0;
    this.#bar.setAttribute("aria-label", file.name);
    this.#told = document.createElement("span");
    this.#told.className = "hint number";
    this.#told.setAttribute("role", "status");
    this.#item.append(name, this.#bar, this.#told);
    desk.list.append(this.#item);
    this.progress(0);
  }

  progress(offset) {
    this.#bar.value = offset;
    this.#tell(this.#desk.say("progress", { done: size(offset, this.#desk.lang), all: size(this.#file.size, this.#desk.lang) }));
  }

  waiting() { this.#tell(this.#desk.say("waiting")); }

  finishing() { this.#tell(this.#desk.say("finishing")); }

  done({ path, detail }) {
    this.#bar.remove();
    const link = document.createElement("a");
    link.href = path;
    link.textContent = this.#desk.say("open");
    this.#item.querySelector("b").after(link);
    this.#tell(detail || this.#desk.say("done"));
  }

  failed(why) {
    this.#bar.remove();
    this.#told.className = "fault";
    this.#tell(why || this.#desk.say("failed"));
  }

  #tell(text) { this.#told.textContent = text; }
}

class Desk {
  #form; #words; #input;

  constructor(form) {
    this.#form = form;
    this.#words = JSON.parse(form.dataset.words);
    this.#input = form.querySelector("input[type=file]");
    this.list = form.querySelector("[data-list]");
    this.lang = document.documentElement.lang;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send([...this.#input.files]);
    });
    this.#droppable(form.querySelector("[data-drop]"));
  }

  say(key, values = {}) { return this.#words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]); }

  #droppable(area) {
    const over = (event, yes) => {
      event.preventDefault();
      area.classList.toggle("over", yes);
    };
    area.addEventListener("dragover", (event) => over(event, true));
    area.addEventListener("dragleave", (event) => over(event, false));
    area.addEventListener("drop", (event) => {
      over(event, false);
      this.#input.files = event.dataTransfer.files;
    });
  }

  /** One file after another: a line that stops does not stop the others. */
  async #send(files) {
    if (!files.length) return this.#input.focus();
    const button = this.#form.querySelector("button:not([type=button])");
    button.disabled = true;
    for (const file of files) {
      const line = new Line(this, file);
      try {
        line.done(await new Upload(this.#form, file, line).run());
      } catch (error) {
        line.failed(error instanceof Refused ? error.message : "");
      }
    }
    button.disabled = false;
    this.#input.value = "";
  }
}

if (globalThis.document) {
  for (const form of document.querySelectorAll("form[data-upload]")) new Desk(form);
}

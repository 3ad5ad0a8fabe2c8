// Counts the rules of a new password while one types, and says how strong it
// is. It only helps: the server decides, and knows the stolen ones.
//
//   data-rules   name of the password field
//   data-avoid   JSON list of words that it must not contain
//   data-fields  JSON list of fields of the form that hold such words

const simple = (text) => text.toLowerCase().replace(/ё/g, "е");

/** Words of at least three letters or digits. */
const parts = (text) => simple(text).split(/[^\p{L}\p{N}]+/u).filter((word) => word.length >= 3);

/** Which rules a password meets. */
export function met(password, least, avoid) {
  const low = simple(password);
  return {
    length: [...password].length >= least,
    cases: /\p{Lu}/u.test(password) && /\p{Ll}/u.test(password),
    digit: /\p{Nd}/u.test(password),
    special: /[^\p{L}\p{N}\s]/u.test(password),
    own: password !== "" && !avoid.flatMap(parts).some((word) => low.includes(word)),
  };
}

const rows = ["abcdefghijklmnopqrstuvwxyz", "0123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm",
  "абвгдежзийклмнопрстуфхцчшщъыьэюя", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"];

/** Whether b follows a in the alphabet, among the digits or on a keyboard. */
function follows(a, b) {
  return rows.some((row) => {
    const i = row.indexOf(a), j = row.indexOf(b);
    return i >= 0 && j >= 0 && Math.abs(i - j) === 1;
  });
}

/**
 * How hard a password is to guess, 0 to 4. Each character counts for the size
 * of its kind; one that repeats or follows the one before counts for one bit.
 */
export function strength(password, avoid = []) {
  let text = simple(password);
  for (const word of avoid.flatMap(parts)) text = text.replaceAll(word, "\u0000");
  let kinds = 0;
  for (const [kind, size] of [[/\p{Lu}/u, 26], [/\p{Ll}/u, 26], [/\p{Nd}/u, 10], [/[^\p{L}\p{N}]/u, 20]]) {
    if (kind.test(password)) kinds += size;
  }
  const full = Math.log2(kinds || 1);
  let bits = 0, before = "";
  for (const c of text) {
    bits += c === before || follows(before, c) ? 1 : full;
    before = c;
  }
  return [28, 45, 60, 80].filter((least) => bits >= least).length;
}

class Rules {
  #box; #field; #words; #avoid; #least;

  constructor(box) {
    this.#box = box;
    this.#field = document.getElementById(box.dataset.rules);
    this.#words = JSON.parse(box.dataset.words);
    this.#avoid = JSON.parse(box.dataset.avoid) ?? [];
    this.#least = Number(box.querySelector("[data-least]").dataset.least);
    this.#field.addEventListener("input", () => this.#count());
    if (this.#field.value) this.#count();
  }

  #ownWords() {
    const fields = JSON.parse(this.#box.dataset.fields) ?? [];
    return [...this.#avoid, ...fields.map((name) => this.#field.form.elements[name]?.value ?? "")];
  }

  #count() {
    const password = this.#field.value, avoid = this.#ownWords();
    const rules = met(password, this.#least, avoid);
    for (const line of this.#box.querySelectorAll("[data-rule]")) this.#mark(line, rules[line.dataset.rule]);
    const shown = this.#box.querySelector(".strength");
    shown.hidden = password === "";
    const all = Object.values(rules).every(Boolean);
    const level = all ? Math.max(1, strength(password, avoid)) : Math.min(1, strength(password, avoid));
    shown.querySelector("meter").value = level;
    shown.dataset.level = level;
    shown.querySelector("[role=status]").textContent = rules.own || !password ? this.#words[level] : this.#words.own;
  }

  #mark(line, isMet) {
    line.classList.toggle("met", isMet);
    let said = line.querySelector(".unseen");
    if (!said) {
      said = document.createElement("span");
      said.className = "unseen";
      line.prepend(said);
    }
    said.textContent = isMet ? this.#words.met : "";
  }
}

if (globalThis.document) {
  for (const box of document.querySelectorAll("[data-rules]")) new Rules(box);
}

// On every page, which works without it. It saves a person some clicks.
"use strict";

// The error summary takes the focus also where `autofocus` is not honoured.
document.querySelector("[data-summary]")?.focus();

// On a phone the places are a scrolling row; the current one is in sight.
const places = document.querySelector(".places");
const here = places?.querySelector("[aria-current]");
if (here && places.scrollWidth > places.clientWidth) {
  places.scrollLeft = here.offsetLeft - (places.clientWidth - here.offsetWidth) / 2;
}

// A password can be looked at before it is sent.
for (const box of document.querySelectorAll("[data-peek]")) {
  const input = box.querySelector("input");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "peek";
  const name = (shown) => {
    button.textContent = shown ? box.dataset.conceal : box.dataset.peek;
    button.setAttribute("aria-pressed", String(shown));
  };
  name(false);
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    name(shown);
    input.focus();
  });
  box.append(button);
  input.form?.addEventListener("submit", () => { input.type = "password"; });
}

// The button for another code waits as long as the server would.
for (const button of document.querySelectorAll("[data-wait]")) {
  const until = Date.now() + Number(button.dataset.wait) * 1000;
  const left = document.getElementById(button.dataset.left);
  const tick = () => {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    button.disabled = seconds > 0;
    if (seconds > 0) {
      left.textContent = seconds;
      setTimeout(tick, 500);
    } else {
      left.parentElement.hidden = true;
    }
  };
  tick();
}

// A form is sent once: a second press while the answer is under way does
// nothing. What another script holds back has not been sent.
for (const form of document.querySelectorAll("form[method=post]")) {
  let sent = 0, by = null;
  form.addEventListener("submit", (event) => {
    if (Date.now() - sent < 5000 && by === event.submitter) {
      event.preventDefault();
      return;
    }
    setTimeout(() => {
      if (event.defaultPrevented) return;
      sent = Date.now();
      by = event.submitter;
    });
  });
}

// Asks the browser for push messages and sends what it answers with the form.
//
//   data-push     key of the server (applicationServerKey, RFC 8292 §3.2)
//   data-worker   the script that shows the messages
//   data-words    what to say; [data-told] is where

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

/** Why a subscription did not come about, as a key of the words. */
export function reason(error) {
  if (error.name === "NotAllowedError") return "denied";
  return error.name === "AbortError" ? "unreachable" : "failed";
}

/** The worker that shows the messages, when it is ready to. */
async function ready(script) {
  const registration = await navigator.serviceWorker.register(script);
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  while (worker.state !== "activated") {
    await new Promise((changed) => worker.addEventListener("statechange", changed, { once: true }));
    if (worker.state === "redundant") throw new Error("the worker was replaced");
  }
  return registration;
}

async function subscribe(form) {
  if (await Notification.requestPermission() !== "granted") return "denied";
  const worker = await ready(form.dataset.worker);
  const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(form.dataset.push) });
  const { endpoint, keys } = made.toJSON();
  for (const [name, value] of Object.entries({ endpoint, p256dh: keys.p256dh, auth: keys.auth })) form.elements[name].value = value;
  form.submit();
  return "sending";
}

if (globalThis.document) {
  for (const form of document.querySelectorAll("form[data-push]")) {
    const words = JSON.parse(form.dataset.words), told = form.querySelector("[data-told]");
    if (!("serviceWorker" in navigator) || !("PushManager" in globalThis)) {
      told.textContent = words.unable;
      continue;
    }
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      told.textContent = words.asking;
      try {
        told.textContent = words[await subscribe(form)];
      } catch (error) {
        told.textContent = words[reason(error)];
      }
    });
  }
}

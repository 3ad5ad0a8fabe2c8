// Tells the other tabs of this browser which organisation one acts for now. A tab
// that was drawn for another one says so and offers to go on; what it would send, the
// server refuses anyway.
//
//   data-organisation  whose page this is
//   data-name          its name, told to the other tabs
//   data-words         {switched}: what is told, with {name}

/** What a tab says when another speaks for another organisation; "" for its own. */
export function told(words, own, other) {
  if (!other?.organisation || other.organisation === own) return "";
  return words.switched.replace("{name}", other.name);
}

if (globalThis.document) {
  const dialog = document.querySelector("[data-tabs]");
  if (dialog && globalThis.BroadcastChannel) {
    const channel = new BroadcastChannel("propusk-organisation");
    const { organisation, name } = dialog.dataset;
    const words = JSON.parse(dialog.dataset.words);
    channel.addEventListener("message", ({ data }) => {
      const text = told(words, organisation, data);
      if (!text) {
        if (dialog.open) dialog.close();
        return;
      }
      dialog.querySelector("[data-told]").textContent = text;
      if (!dialog.open) dialog.showModal();
    });
    channel.postMessage({ organisation, name });
    // A page that comes back from the browser's memory speaks as it was drawn.
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  }
}

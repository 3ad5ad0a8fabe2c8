// Counts unread notices as they come, by server-sent events. When the stream cannot
// be had, the count is that of the page, and nothing else changes.
//
//   data-bell   address of the stream
//   data-words  {unread}: "{count} new", {come}: what a reader of the screen hears

const most = 99;

/** The count as it is shown. */
export function shown(words, count) {
  return words.unread.replace("{count}", count > most ? `${most}+` : String(count));
}

if (globalThis.document && globalThis.EventSource) {
  for (const bell of document.querySelectorAll("[data-bell]")) {
    const words = JSON.parse(bell.dataset.words);
    const tag = bell.querySelector("[data-count]");
    const told = document.querySelector("[data-bell-told]");
    let count = Number.parseInt(tag.textContent, 10) || 0;
    let source;
    const listen = () => {
      if (source) return;
      source = new EventSource(bell.dataset.bell);
      source.addEventListener("notice", (event) => {
        count += 1;
        tag.textContent = shown(words, count);
        tag.hidden = false;
        told.textContent = words.come.replace("{subject}", JSON.parse(event.data).subject);
      });
      source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) source = undefined; });
    };
    // A tab that nobody looks at holds no connection.
    const rest = () => { source?.close(); source = undefined; };
    document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
    if (!document.hidden) listen();
  }
}

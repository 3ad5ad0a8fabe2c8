// Long work on its own page: how far it is, asked for until it is over; then the
// page is drawn anew. Without script a link does that.
//
//   data-progress   GET here tells {"percent", "stage", "over"}

const pauses = [700, 1000, 1500, 2500, 4000, 6000]; // ms between questions, the last one from then on

async function watch(box) {
  for (let asked = 0; ; asked++) {
    await new Promise((done) => setTimeout(done, pauses[Math.min(asked, pauses.length - 1)]));
    if (document.hidden) continue;
    try {
      const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) return location.reload(); // the page says what is the matter
      const { percent, stage, over } = await answer.json();
      if (over) return location.reload();
      box.querySelector("progress").value = percent;
      box.querySelector("[data-percent]").textContent = percent;
      const told = box.querySelector("[data-stage]");
      if (told.textContent !== stage) told.textContent = stage;
    } catch {
      // The connection is away; it is asked again.
    }
  }
}

if (globalThis.document) {
  for (const box of document.querySelectorAll("[data-progress]")) watch(box);
}

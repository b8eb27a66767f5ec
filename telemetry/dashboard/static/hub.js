"use strict";
// Keeps #fresh fresh: when the hub says that something changed, the page is fetched again and that part put in its place.
(() => {
  const holder = document.querySelector("[data-events]");
  if (!holder || !window.EventSource) return;
  const stream = new EventSource(holder.dataset.events);
  window.campboxEvents = stream;
  const LEAST = 3000; // milliseconds between two fetches
  let due = 0, last = 0, refusal = null;

  async function renew() {
    due = 0;
    last = Date.now();
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer || !answer.ok || answer.redirected) return;
    if (refusal) refusal = refusal.remove();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("fresh"), old = document.getElementById("fresh");
    if (fresh && old && !old.contains(document.activeElement)) old.replaceWith(document.adoptNode(fresh));
  }

  function soon() {
    if (!due && !document.hidden) due = setTimeout(renew, Math.max(0, last + LEAST - Date.now()));
  }

  function refused() {
    if (refusal) return;
    refusal = document.createElement("p");
    refusal.className = "note serious";
    refusal.setAttribute("role", "status");
    refusal.textContent = "The hub's store does not answer: what stands here may be old. Trying again …";
    document.getElementById("main").prepend(refusal);
  }

  stream.addEventListener("changed", soon);
  stream.addEventListener("refused", refused);
  stream.addEventListener("open", () => { if (refusal) soon(); }); // the page comes whole where the store answers again
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
  setInterval(soon, 30000); // "5 min ago" grows even when nothing comes
})();

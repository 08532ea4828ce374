// Asks the emulator for its state about once a second, while somebody looks, and shows it.

import { Rows } from "./rows.js";
import { duration, requestView, SessionView, threadView, time } from "./views.js";

const POLL_MS = 1000;
const TICK_MS = 250;
const PATIENCE_MS = 10_000;

const byId = (id) => document.getElementById(id);

// The emulator's clock as last heard, and the browser's own when it was: it runs on in between.
const heard = { nowS: null, atMs: 0 };
const now = () => heard.nowS + (performance.now() - heard.atMs) / 1000;

const sessionView = new SessionView(now);
const sessions = new Rows(byId("sessions"), sessionView);
const threads = new Rows(byId("threads"), threadView, () => poll());
const requests = new Rows(byId("requests"), requestView);

async function ask() {
  const query = new URLSearchParams(threads.open().map((id) => ["thread_id", id]));
  const answer = await fetch(`/__emulator__/state?${query}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const state = await answer.json();
  if (!answer.ok) throw new Error(state.error.message);
  return state;
}

function show(state) {
  heard.nowS = state.now;
  heard.atMs = performance.now();
  sessions.show(state.sessions.data.reverse(), state.sessions.total);
  const withItems = state.threads.data.map((thread) => ({ ...thread, items: state.items[thread.id] }));
  threads.show(withItems.reverse(), state.threads.total);
  requests.show(state.requests.data.reverse(), state.requests.total);
  tick();
}

function tick() {
  if (heard.nowS === null) return;
  const driftS = Math.round(now() - Date.now() / 1000);
  byId("time").textContent = time(now(), true);
  const direction = driftS > 0 ? "ahead of" : "behind";
  byId("drift").textContent = Math.abs(driftS) < 2 ? "" : `${duration(Math.abs(driftS))} ${direction} this machine`;
  sessionView.tick(byId("sessions"));
}

function tell(trouble) {
  const place = byId("trouble");
  if (place.textContent !== trouble) place.textContent = trouble;
  place.hidden = trouble === "";
  document.body.classList.toggle("stale", trouble !== "");
}

let timer;
let polling = false;
let again = false; // somebody wants to know more than the request under way asks for

async function poll() {
  again = polling;
  if (polling) return;
  polling = true;
  clearTimeout(timer);
  try {
    show(await ask());
    tell("");
  } catch (error) {
    const silent = error instanceof TypeError || error.name === "TimeoutError";
    tell(silent ? "The emulator does not answer; what you see is as it was. Trying again…" : error.message);
  }
  polling = false;
  if (!document.hidden) timer = setTimeout(poll, again ? 0 : POLL_MS);
}

for (const place of [byId("base-url"), ...document.querySelectorAll(".base-url")]) {
  place.textContent = `${location.origin}/v1`;
}
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : poll()));
setInterval(tick, TICK_MS);
poll();

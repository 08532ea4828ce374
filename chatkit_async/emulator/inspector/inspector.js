// Polls the emulator's state about once a second while the page is visible, and shows one of three views of it.

import { setUpDialogs, showFaults } from "./dialogs.js";
import { copy, duration, element, time } from "./dom.js";
import { Rows } from "./rows.js";
import { requests, sessions, threads, tickSessions } from "./views.js";

const POLL_MS = 1000;
const TICK_MS = 250;
const TIMEOUT_MS = 10_000;
const PAGE_SIZE = 100;
const VIEWS = { requests, threads, sessions };

const byId = (id) => document.getElementById(id);

// What the page shows: in the address, so that a reload keeps it.
const shown = { view: "requests", open: null, search: "", filter: "", offset: 0 };
// The emulator's clock at the last response, and the browser's at that time: it runs on in between.
const clock = { nowS: null, atMs: 0 };
const now = () => clock.nowS + (performance.now() - clock.atMs) / 1000;

const rows = new Rows(byId("rows"), { open: (key) => open(shown.open === key ? null : key) });

async function fetchState() {
  const query = new URLSearchParams({ view: shown.view, offset: shown.offset, limit: PAGE_SIZE });
  if (shown.search) query.set("search", shown.search);
  if (shown.filter) query.set("filter", shown.filter);
  if (shown.open !== null) query.append("open", shown.open);
  const response = await fetch(`/__emulator__/state?${query}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const state = await response.json();
  if (!response.ok) throw new Error(state.error.message);
  return state;
}

function show(state) {
  clock.nowS = state.now;
  clock.atMs = performance.now();
  for (const [view, count] of Object.entries(state.counts)) {
    byId(`tab-${view}`).querySelector(".count").textContent = count.toLocaleString("en");
  }
  showFaults(state.faults);
  rows.show(state.rows, VIEWS[shown.view].row, shown.open);
  showEmpty(state);
  showPager(state);
  showDetails(state.details[shown.open]);
  tick();
}

let shownEmpty = "";

function showEmpty({ counts, rows: page }) {
  const kind = page.length ? "" : `${shown.view}, ${counts[shown.view] ? "none found" : "none"}`;
  byId("columns").hidden = byId("rows").hidden = kind !== "";
  byId("empty").hidden = kind === "";
  if (kind === shownEmpty) return;
  shownEmpty = kind;
  const none = counts[shown.view] ? noneFound : VIEWS[shown.view].empty;
  byId("empty").replaceChildren(...(kind === "" ? [] : none(location.origin)));
}

function noneFound() {
  const button = element("button", { type: "button" }, "Show all");
  button.addEventListener("click", () => change({ search: "", filter: "", offset: 0 }));
  return [element("p", {}, `No ${shown.view} match the search and the filter.`), button];
}

function showPager({ matching, offset, rows: page }) {
  const number = (value) => value.toLocaleString("en");
  byId("pager").hidden = matching === 0 && offset === 0;
  byId("range").textContent = page.length ? `${number(offset + 1)}–${number(offset + page.length)} of ${number(matching)}` : "0";
  byId("newer").disabled = offset === 0;
  byId("older").disabled = offset + page.length >= matching;
}

let shownDetails = "";

function showDetails(details) {
  const content = details === undefined ? "" : JSON.stringify([shown.view, details]);
  const opens = byId("details").hidden && content !== "";
  byId("details").hidden = content === "";
  document.body.classList.toggle("opened", content !== "");
  if (opens && byId("list").checkVisibility() === false) byId("close").focus(); // a narrow window hides the list
  if (content === shownDetails) return;
  const folds = [...byId("content").querySelectorAll("details")].map((fold) => fold.open);
  shownDetails = content;
  byId("content").replaceChildren(...(content === "" ? [] : VIEWS[shown.view].details(details)));
  if (content === "") return;
  byId("content").querySelectorAll("details").forEach((fold, index) => (fold.open = folds[index] ?? false));
}

function tick() {
  if (clock.nowS === null) return;
  const driftS = Math.round(now() - Date.now() / 1000);
  byId("time").textContent = time(now(), true);
  const direction = driftS > 0 ? "ahead" : "behind";
  byId("drift").textContent = Math.abs(driftS) < 2 ? "" : `${duration(Math.abs(driftS))} ${direction}`;
  tickSessions(now());
}

function showTrouble(trouble) {
  const place = byId("trouble");
  if (place.textContent !== trouble) place.textContent = trouble;
  place.hidden = trouble === "";
  document.body.classList.toggle("stale", trouble !== "");
}

let timer;
let polling = false;
let again = false; // whether the page shows something else than the pending poll fetches

async function poll() {
  again = polling;
  if (polling) return;
  polling = true;
  clearTimeout(timer);
  try {
    const state = await fetchState();
    if (!again) show(state);
    showTrouble("");
  } catch (error) {
    const silent = error instanceof TypeError || error.name === "TimeoutError";
    showTrouble(silent ? "The emulator does not respond; the page shows its last state. Trying again…" : error.message);
  }
  polling = false;
  if (!document.hidden) timer = setTimeout(poll, again ? 0 : POLL_MS);
}

/** Shows something else, keeps it in the address, and polls at once. */
function change(changes) {
  if (changes.view && changes.view !== shown.view) {
    Object.assign(shown, { open: null, search: "", filter: "", offset: 0 });
    rows.clear();
  }
  Object.assign(shown, changes);
  const address = `#${shown.view}${shown.open === null ? "" : `/${encodeURIComponent(shown.open)}`}`;
  if (location.hash !== address) history.replaceState(null, "", address);
  if (shown.open === null) showDetails(undefined);
  showTools();
  poll();
}

function open(key) {
  const closed = shown.open;
  change({ open: key });
  if (key === null && closed !== null) rows.focus(closed);
}

function showTools() {
  const { columns, filters, search } = VIEWS[shown.view];
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const selected = tab.dataset.view === shown.view;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
  }
  byId("list").setAttribute("aria-labelledby", `tab-${shown.view}`);
  byId("list").className = shown.view;
  byId("columns").replaceChildren(...columns.map(([name, label]) => element("span", { class: name }, label)));
  byId("search").placeholder = search;
  byId("search").setAttribute("aria-label", search);
  if (byId("search").value !== shown.search) byId("search").value = shown.search;
  if (byId("filter").dataset.view !== shown.view) {
    byId("filter").dataset.view = shown.view;
    byId("filter").replaceChildren(
      ...Object.entries(filters).map(([value, label]) => element("option", { value }, label)),
    );
  }
  byId("filter").value = shown.filter;
}

function readAddress() {
  const [view, key] = location.hash.slice(1).split("/");
  change({ view: view in VIEWS ? view : "requests", open: key ? decodeURIComponent(key) : null });
}

function onKey(event) {
  const typing = event.target.closest("input, select, textarea, dialog") !== null;
  if (event.key === "Escape" && event.target === byId("search")) event.target.blur();
  else if (event.key === "Escape" && shown.open !== null && !event.target.closest("dialog")) open(null);
  else if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.key === "/") byId("search").focus();
  else if ("123".includes(event.key)) change({ view: Object.keys(VIEWS)[event.key - 1] });
  else return;
  event.preventDefault();
}

function onTabKey(event) {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined) return;
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
}

for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => change({ view: tab.dataset.view }));
  tab.addEventListener("keydown", onTabKey);
}
byId("search").addEventListener("input", () => change({ search: byId("search").value, offset: 0 }));
byId("filter").addEventListener("change", () => change({ filter: byId("filter").value, offset: 0 }));
byId("newer").addEventListener("click", () => change({ offset: Math.max(0, shown.offset - PAGE_SIZE) }));
byId("older").addEventListener("click", () => change({ offset: shown.offset + PAGE_SIZE }));
byId("close").addEventListener("click", () => open(null));
byId("base-url").textContent = `${location.origin}/v1`;
byId("base-url").addEventListener("click", () => copy(byId("base-url"), `${location.origin}/v1`));
document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : poll()));
addEventListener("hashchange", readAddress);
setUpDialogs(poll);
setInterval(tick, TICK_MS);
readAddress();

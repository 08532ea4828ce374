// The dialogs: clock, faults, seed, reset. Each drives the emulator by its control plane.

import { block, element } from "./dom.js";
import { faultEffect } from "./views.js";

const byId = (id) => document.getElementById(id);

const PRESETS = {
  "429, retry after 1 s": { path: "/chatkit/sessions", status: 429, headers: { "retry-after": "1" } },
  "500, three times": { status: 500, times: 3 },
  "401, always": { status: 401, times: "always" },
  "Response delayed by 2 s": { delay: 2 },
  "Connection closed before the work": { drop: true },
  "Connection closed after the work": { drop: "after" },
  "Body cut off": { kind: "truncated" },
  "Half of the JSON": { kind: "broken_json" },
  "A web page instead of JSON": { kind: "html" },
  "Body in slow pieces": { kind: "trickle", delay: 0.5 },
  "Third page of a listing fails": { path: "/chatkit/threads", skip: 2, status: 500 },
  "Empty page": { kind: "empty_page" },
  "Stuck cursor": { kind: "stuck_cursor" },
  "Cursors of deleted threads are refused": { kind: "gone_cursor", times: "always" },
};

/** Sends JSON to the control plane; raises an Error with the emulator's message. */
async function post(name, document) {
  const response = await fetch(`/__emulator__/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(document),
  });
  const result = await response.json();
  if (!response.ok) throw new Error(result.error.message);
  return result;
}

/** Wires the dialogs; `refresh` is called when one has changed the emulator. */
export function setUpDialogs(refresh) {
  for (const button of document.querySelectorAll("[data-dialog]")) {
    const dialog = byId(button.dataset.dialog);
    button.addEventListener("click", () => open(dialog));
    dialog.querySelector(".cancel").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
  const does = (id, work, closes) => byId(id).addEventListener("click", () => attempt(byId(id), work, closes, refresh));
  for (const button of document.querySelectorAll("[data-advance]")) {
    button.addEventListener("click", () =>
      attempt(button, () => post("clock", { advance: Number(button.dataset.advance) }), false, refresh));
  }
  does("advance", () => post("clock", { advance: byId("seconds").valueAsNumber }), false);
  does("machine-time", () => post("clock", { now: Date.now() / 1000 }), true);
  does("add-fault", () => post("faults", { faults: [parsed(byId("fault").value)], append: true }), false);
  does("clear-faults", () => post("faults", { faults: [] }), false);
  does("add-seed", () => post("seed", { ...parsed(byId("seed-text").value), reset: byId("seed-reset").checked }), true);
  does("do-reset", () => post("reset", {}), true);
  byId("seed-file").addEventListener("change", readSeedFile);
  byId("preset").append(...Object.keys(PRESETS).map((name) => element("option", {}, name)));
  byId("preset").addEventListener("change", choosePreset);
  choosePreset();
}

async function open(dialog) {
  dialog.querySelector(".error").textContent = "";
  dialog.showModal();
  if (dialog.id === "seed" && byId("seed-text").value === "") {
    const sample = await (await fetch("/__emulator__/sample")).json();
    byId("seed-text").value = JSON.stringify(sample, null, 2);
  }
}

async function attempt(button, work, closes, refresh) {
  const dialog = button.closest("dialog");
  const error = dialog.querySelector(".error");
  error.textContent = "";
  try {
    await work();
  } catch (reason) {
    error.textContent = reason instanceof TypeError ? "The emulator does not respond." : reason.message;
    return;
  }
  if (closes) dialog.close();
  refresh();
}

function parsed(json) {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Error(`This is not JSON: ${error.message}`);
  }
}

function choosePreset() {
  byId("fault").value = JSON.stringify(PRESETS[byId("preset").value], null, 2);
}

async function readSeedFile() {
  const [file] = byId("seed-file").files;
  if (file) byId("seed-text").value = await file.text();
}

let shownFaults = "";

/** Lists the waiting faults. */
export function showFaults(faults) {
  byId("fault-count").textContent = faults.length ? String(faults.length) : "";
  const content = JSON.stringify(faults);
  if (content === shownFaults) return;
  shownFaults = content;
  byId("waiting").replaceChildren(...(faults.length ? faults.map(waiting) : [element("li", { class: "quiet" }, "No faults are waiting.")]));
}

function waiting({ fault, skip, times }) {
  const left = { null: "every matching request", 1: "the next matching request" }[times] ?? `the next ${times} matching requests`;
  const skipped = skip ? `, after skipping ${skip}` : "";
  const words = `${faultEffect(fault)} Applies to ${left}${skipped}.`;
  return element("li", {}, element("p", {}, words), block(fault, 0));
}

// Elements, times and JSON on the page. Text is set as text and never read as HTML.

/** A new element. Children are elements or text; null and undefined are left out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

export function text(className, value) {
  return element("span", { class: className, dir: "auto" }, String(value ?? ""));
}

export function badge(word, kind = word) {
  return element("span", { class: "badge", "data-is": kind }, word);
}

const two = (number) => String(number).padStart(2, "0");

/** `9:59`, `1:02:03`, `3 d 1:02:03`. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor(whole / 3600) % 24;
  const minutes = Math.floor(whole / 60) % 60;
  const clock = days || hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  return days ? `${days} d ${clock}` : clock;
}

/** `3 ms`, `1.25 s`. */
export function took(milliseconds) {
  if (milliseconds === null) return "";
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}

/** The time of day, or with the date; numbers that no date can have are shown as they are. */
export function time(unixS, withDate = false) {
  const date = new Date(unixS * 1000);
  if (Number.isNaN(date.getTime())) return String(unixS);
  const whole = date.toISOString().replace("T", " ");
  return withDate ? whole.slice(0, -5) : whole.slice(-13, -5);
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\b\d[\d.eE+-]*\b|\b(?:true|false|null)\b/g;

/** A block of text; JSON is indented and coloured. */
export function block(value, indent = 2) {
  const shown = element("pre", { tabindex: "0", dir: "auto" });
  if (typeof value === "string") {
    shown.append(value);
    return shown;
  }
  const json = JSON.stringify(value, null, indent);
  let from = 0;
  for (const found of json.matchAll(TOKEN)) {
    const kind = found[2] ? "key" : found[1] ? "string" : "literal";
    const token = found[1] ?? found[0];
    shown.append(json.slice(from, found.index), element("span", { class: kind }, token));
    from = found.index + token.length;
  }
  shown.append(json.slice(from));
  return shown;
}

/** JSON in a string, decoded; other strings as they are. */
export function decoded(value) {
  try {
    return JSON.parse(value);
  } catch {
    return String(value);
  }
}

/** Names and values in two columns. */
export function facts(pairs) {
  const shown = Object.entries(pairs).filter(([, value]) => value !== null && value !== undefined);
  const cells = shown.flatMap(([name, value]) => [
    element("dt", {}, name),
    element("dd", { dir: "auto" }, typeof value === "string" ? value : JSON.stringify(value)),
  ]);
  return element("dl", {}, ...cells);
}

/** A button that copies a text; its label is the text itself unless another is given. */
export function copyButton(value, label = value) {
  const kind = label === value ? "copy quiet mono" : "copy";
  const button = element("button", { type: "button", class: kind, title: "Copy" }, label);
  button.addEventListener("click", () => copy(button, value));
  return button;
}

/** Copies a text, and says so on the button for a moment. */
export async function copy(button, value) {
  const label = button.textContent;
  await navigator.clipboard.writeText(value);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = label), 1200);
}

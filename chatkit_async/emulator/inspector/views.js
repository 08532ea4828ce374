// What sessions, threads, items and requests look like. Whatever they hold is set as text.

import { element } from "./rows.js";

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

/** The time of a day, or with the day; years beyond what a date can be are shown as the number they came as. */
export function time(unixS, withDate = false) {
  const date = new Date(unixS * 1000);
  if (Number.isNaN(date.getTime())) return String(unixS);
  const text = date.toISOString().replace("T", " ");
  return withDate ? text.slice(0, -5) : text.slice(-13, -5);
}

function badge(text) {
  return element("span", { class: "badge", "data-is": text }, text);
}

function text(className, value) {
  return element("span", { class: className, dir: "auto" }, String(value ?? ""));
}

function json(value) {
  return element("pre", { tabindex: "0" }, typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

/** JSON in a string, indented where it is JSON. */
function pretty(value) {
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return String(value);
  }
}

function facts(pairs) {
  const shown = Object.entries(pairs).filter(([, value]) => value !== null && value !== undefined);
  const rows = shown.flatMap(([name, value]) => [
    element("dt", {}, name),
    element("dd", { dir: "auto" }, typeof value === "string" ? value : JSON.stringify(value)),
  ]);
  return element("dl", {}, ...rows);
}

/** What a session is at this time: an active one expires by the clock alone. */
export function sessionAt(session, nowS) {
  const leftS = session.expires_at - nowS;
  const status = session.status === "active" && leftS <= 0 ? "expired" : session.status;
  const words = { active: `${duration(Math.ceil(leftS))} left`, expired: `${duration(-leftS)} ago` };
  return { status, remaining: words[status] ?? "" };
}

/** Sessions; `now` gives the emulator's time, and `tick` is to be called as it goes on. */
export class SessionView {
  constructor(now) {
    this.now = now;
  }

  key = (session) => session.id;

  summary = (session) => {
    const status = element("span", { class: "badge" });
    const remaining = element("span", { class: "aside numbers" });
    remaining.show = () => this.#show(session, status, remaining);
    remaining.show();
    const workflow = text("detail", session.workflow.id);
    return [status, text("title", session.user), text("id", session.id), workflow, remaining];
  };

  content = (session) => [json(session)];

  tick(list) {
    for (const remaining of list.querySelectorAll(".aside")) remaining.show();
  }

  #show(session, status, remaining) {
    const at = sessionAt(session, this.now());
    if (status.textContent !== at.status) status.textContent = status.dataset.is = at.status;
    if (remaining.textContent !== at.remaining) remaining.textContent = at.remaining;
  }
}

export const threadView = {
  key: (thread) => thread.id,
  summaryOf: ({ items, ...thread }) => thread,
  summary: (thread) => {
    const title = text(thread.title === null ? "title untitled" : "title", thread.title ?? "Untitled");
    if (thread.status.type !== "active") title.prepend(badge(thread.status.type));
    const made = element("span", { class: "aside numbers" }, time(thread.created_at, true));
    return [title, text("id", thread.id), text("detail", thread.user), made];
  },
  content: (thread) => {
    const parts = thread.status.reason ? [facts({ [thread.status.type]: thread.status.reason })] : [];
    if (!thread.items) return [...parts, element("p", { class: "empty" }, "…")];
    const { total, data } = thread.items;
    if (total === 0) return [...parts, element("p", { class: "empty" }, "No items in this thread.")];
    if (total > data.length) parts.push(element("p", { class: "more" }, `The last ${data.length} of ${total} items.`));
    return [...parts, element("ol", { class: "items", role: "list" }, ...data.map(item))];
  },
};

function item(shown) {
  const [who, parts] = ITEMS[shown.type]?.(shown) ?? [shown.type, [json(shown)]];
  const made = element("span", { class: "numbers" }, time(shown.created_at));
  const head = element("p", { class: "who" }, text("", who), made);
  const kind = { "chatkit.user_message": "user", "chatkit.assistant_message": "assistant" }[shown.type] ?? "other";
  return element("li", { class: `item ${kind}`, title: shown.id }, head, ...parts);
}

const ITEMS = {
  "chatkit.user_message": (one) => ["User", [...one.content.map(block), ...one.attachments.map(attachment)]],
  "chatkit.assistant_message": (one) => ["Assistant", one.content.flatMap((part) => [block(part), ...sources(part)])],
  "chatkit.widget": (one) => ["Widget", [json(pretty(one.widget))]],
  "chatkit.client_tool_call": (one) => [
    `Tool call · ${one.name} · ${one.status}`,
    [json(pretty(one.arguments)), one.output === null ? null : json(pretty(one.output))],
  ],
  "chatkit.task": (one) => [`Task · ${one.task_type}`, [task(one)]],
  "chatkit.task_group": (one) => ["Tasks", one.tasks.map(task)],
};

function block(part) {
  if (typeof part.text !== "string") return json(part);
  return element(part.type === "quoted_text" ? "blockquote" : "p", { class: "text", dir: "auto" }, part.text);
}

function attachment(one) {
  return element("p", { class: "source" }, `Attachment: ${one.name} (${one.mime_type})`);
}

function sources(part) {
  const named = (part.annotations ?? []).map((one) => one.source?.url ?? one.source?.filename ?? JSON.stringify(one));
  return named.map((name) => element("p", { class: "source" }, `Source: ${name}`));
}

function task(one) {
  const said = [one.heading, one.summary].filter((words) => words !== null).join(" · ");
  return element("p", { class: "text", dir: "auto" }, said || "–");
}

export const requestView = {
  key: (request) => `${request.received_at} ${request.method} ${request.path}`,
  summary: (request) => [
    element("span", { class: "method" }, request.method),
    text("path", request.path),
    request.ended === "answered" ? text("status numbers", request.status) : badge(request.ended),
    element("span", { class: "aside numbers" }, time(request.received_at)),
  ],
  content: (request) => [
    facts(request.query),
    facts(request.headers),
    ...(request.body === null ? [] : [json(request.body)]),
  ],
};

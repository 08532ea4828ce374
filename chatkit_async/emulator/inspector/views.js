// The three views: the rows of requests, threads and sessions, and what an open one shows.

import { badge, block, copyButton, decoded, duration, element, facts, text, time, took } from "./dom.js";

const callout = (kind, title, ...content) =>
  element("div", { class: `callout ${kind}` }, element("h3", {}, title), ...content);

const section = (title, ...content) => element("section", {}, element("h3", {}, title), ...content);

const folded = (title, ...content) => element("details", {}, element("summary", {}, title), ...content);

function statusBadge(request) {
  if (request.ended !== "responded") return badge(request.ended);
  return badge(String(request.status), `${Math.floor(request.status / 100)}xx`);
}

const KINDS = {
  truncated: "Closes the connection in the middle of the body.",
  broken_json: "Sends half of the body as if it were all.",
  html: "Sends a web page instead of the body.",
  trickle: "Sends the body in pieces of 16 bytes.",
  empty_page: "Sends an empty page that promises more.",
  stuck_cursor: "Sends a page that promises more from where it began.",
  gone_cursor: "Refuses a cursor that is not in the list.",
};

/** What a fault does, in words. */
export function faultEffect({ status, headers, body, delay, drop, kind }) {
  const effects = [];
  if (delay) effects.push(`Waits ${delay} s${kind === "trickle" ? " before each piece" : ""}.`);
  if (drop) effects.push(drop === "after" ? "Does the work, then closes the connection." : "Closes the connection before any work.");
  else if (status !== undefined || body !== undefined) effects.push(`Responds ${status === undefined ? "with this body" : status} without doing the work.`);
  if (kind) effects.push(KINDS[kind]);
  if (headers) effects.push("Sets headers.");
  return effects.join(" ") || "Changes nothing.";
}

/** Where the emulator is more lenient than the API may be. */
function leniency({ method, path, body: sent, status }) {
  const id = sent?.workflow?.id;
  if (method !== "POST" || !path.endsWith("/chatkit/sessions") || status !== 200 || typeof id !== "string" || id.startsWith("wf_")) return null;
  return callout("note", "Check the workflow id",
    text("", `The emulator accepts any workflow id. Documented ids begin with wf_, and this one is ${JSON.stringify(id)}. The API responds 404 to a workflow that it does not know.`));
}

/** The request as a command for a shell; the key stays out. */
function curl(request, origin) {
  const quoted = (value) => `'${String(value).replaceAll("'", "'\\''")}'`;
  const query = new URLSearchParams(request.query).toString();
  const lines = [`curl -X ${request.method} ${quoted(origin + request.path + (query ? `?${query}` : ""))}`];
  lines.push('-H "Authorization: Bearer $OPENAI_API_KEY"', "-H 'OpenAI-Beta: chatkit_beta=v1'");
  if (request.body !== null) {
    const body = typeof request.body === "string" ? request.body : JSON.stringify(request.body);
    lines.push("-H 'Content-Type: application/json'", `-d ${quoted(body)}`);
  }
  return lines.join(" \\\n  ");
}

function body(value) {
  return value === null ? element("p", { class: "quiet" }, "No body.") : block(value);
}

const count = (headers) => `Headers (${Object.keys(headers).length})`;

export const requests = {
  filters: {
    "": "All requests",
    failed: "Failed",
    "2xx": "2xx",
    "4xx": "4xx",
    "5xx": "5xx",
    disconnected: "Disconnected",
    pending: "Pending",
    fault: "With a fault",
    GET: "GET",
    POST: "POST",
    DELETE: "DELETE",
  },
  columns: [["status", "Status"], ["method", "Method"], ["path", "Path"], ["fault", ""], ["took", "Duration"], ["at", "Time"], ["id", "Request id"]],
  search: "Search path, body, status, request id",
  empty: (origin) => [
    element("p", {}, "No requests yet. Point a client at this emulator, and they appear here."),
    block(`from chatkit_async import ChatKit

with ChatKit("sk-emulator", base_url="${origin}/v1") as client:
    client.sessions.create(user="user_123", workflow="wf_123")`),
  ],
  row: (row) => [
    element("span", { class: "status" }, statusBadge(row)),
    element("span", { class: "method" }, row.method),
    element("span", { class: "path", dir: "auto" }, row.path, text("query", row.query ? `?${row.query}` : "")),
    element("span", { class: "fault" }, ...(row.fault === null ? [] : [badge(`fault: ${row.fault}`, "fault")])),
    element("span", { class: "numbers took" }, took(row.duration_ms)),
    element("span", { class: "numbers at", title: time(row.received_at, true) }, time(row.received_at)),
    text("id", row.request_id ?? ""),
  ],
  details: (request) => [
    element("h2", {}, element("span", { class: "method" }, request.method), " ", text("path", request.path)),
    element("p", { class: "line" }, statusBadge(request), text("numbers", took(request.duration_ms)),
      text("numbers", time(request.received_at, true)), request.request_id && copyButton(request.request_id)),
    element("p", { class: "line" }, copyButton(curl(request, location.origin), "Copy as curl")),
    request.failure === null ? null : callout("bad", "Why it failed", text("", request.failure)),
    request.fault === null ? null : callout("fault", "Fault", text("", faultEffect(request.fault)), block(request.fault, 0)),
    leniency(request),
    section(
      "Request",
      Object.keys(request.query).length ? facts(request.query) : null,
      body(request.body),
      folded(count(request.headers), facts(request.headers)),
    ),
    request.response === null
      ? section("Response", element("p", { class: "quiet" }, request.ended === "pending" ? "Pending." : "The emulator sent no response."))
      : section("Response", body(request.response.body),
          folded(count(request.response.headers), facts(request.response.headers))),
  ].filter((part) => part !== null),
};

export const threads = {
  filters: { "": "All threads", active: "Active", locked: "Locked", closed: "Closed" },
  columns: [["status", "Status"], ["title", "Title"], ["user", "User"], ["items-count", "Items"], ["at", "Created"], ["id", "Thread id"]],
  search: "Search title, user, id",
  empty: () => [
    element("p", {}, "No threads yet. Add some with the button ", element("strong", {}, "Seed"), " above, or in Python:"),
    block(`emulator.seed(threads=[{"thread": {"title": "Where is my order?", "user": "user_123"}}])`),
  ],
  row: ({ thread, items }) => [
    element("span", { class: "status" }, badge(thread.status.type)),
    text(thread.title === null ? "title untitled" : "title", thread.title ?? "Untitled"),
    text("user", thread.user),
    element("span", { class: "numbers items-count" }, items === 1 ? "1 item" : `${items.toLocaleString("en")} items`),
    element("span", { class: "numbers at" }, time(thread.created_at, true)),
    text("id", thread.id),
  ],
  details: ({ thread, items, total }) => [
    element("h2", { dir: "auto" }, thread.title ?? "Untitled"),
    element("p", { class: "line" }, badge(thread.status.type), text("", thread.user), copyButton(thread.id)),
    thread.status.reason ? facts({ [thread.status.type]: thread.status.reason }) : null,
    items.length === 0 ? element("p", { class: "empty" }, "No items in this thread.") : null,
    total > items.length ? element("p", { class: "quiet" }, `The last ${items.length} of ${total} items.`) : null,
    element("ol", { class: "items", role: "list" }, ...items.map(item)),
    folded("Thread as JSON", block(thread)),
  ].filter((part) => part !== null),
};

export const sessions = {
  filters: { "": "All sessions", active: "Active", expired: "Expired", cancelled: "Cancelled" },
  columns: [["status", "Status"], ["title", "User"], ["workflow", "Workflow"], ["remaining", "Expires"], ["id", "Session id"]],
  search: "Search user, workflow, id",
  empty: (origin) => [
    element("p", {}, "No sessions yet. Create one with a client pointed at this emulator, or add some with the button ", element("strong", {}, "Seed"), "."),
    block(`client.sessions.create(user="user_123", workflow="wf_123")  # base_url="${origin}/v1"`),
  ],
  row: ({ session }) => [
    element("span", { class: "status" }, badge(session.status)),
    text("title", session.user),
    text("workflow", session.workflow.id),
    element("span", { class: "numbers remaining", "data-expires": session.expires_at, "data-status": session.status }),
    text("id", session.id),
  ],
  details: ({ session }) => [
    element("h2", { dir: "auto" }, session.user),
    element("p", { class: "line" }, badge(session.status),
      element("span", { class: "numbers remaining", "data-expires": session.expires_at, "data-status": session.status }),
      copyButton(session.id)),
    facts({ workflow: session.workflow.id, "expires at": time(session.expires_at, true) }),
    block(session),
  ],
};

/** Updates the remaining time of sessions: an active one expires by the clock alone. */
export function tickSessions(nowS) {
  for (const shown of document.querySelectorAll("[data-expires]")) {
    const leftS = Number(shown.dataset.expires) - nowS;
    const status = shown.dataset.status === "active" && leftS <= 0 ? "expired" : shown.dataset.status;
    const words = { active: `${duration(Math.ceil(leftS))} left`, expired: `${duration(-leftS)} ago` };
    const mark = shown.parentElement.querySelector(".badge");
    if (mark.textContent !== status) mark.textContent = mark.dataset.is = status;
    if (shown.textContent !== (words[status] ?? "")) shown.textContent = words[status] ?? "";
  }
}

function item(shown) {
  const [author, parts] = ITEMS[shown.type]?.(shown) ?? [shown.type, [block(shown)]];
  const at = element("span", { class: "numbers" }, time(shown.created_at));
  const head = element("p", { class: "author" }, text("", author), at);
  const kind = { "chatkit.user_message": "user", "chatkit.assistant_message": "assistant" }[shown.type] ?? "other";
  return element("li", { class: `item ${kind}`, title: shown.id }, head, ...parts);
}

const ITEMS = {
  "chatkit.user_message": (one) => ["User", [...one.content.map(part), ...one.attachments.map(attachment)]],
  "chatkit.assistant_message": (one) => ["Assistant", one.content.flatMap((given) => [part(given), ...sources(given)])],
  "chatkit.widget": (one) => ["Widget", [block(decoded(one.widget))]],
  "chatkit.client_tool_call": (one) => [
    `Tool call · ${one.name} · ${one.status}`,
    [caption("Arguments"), block(decoded(one.arguments)),
      ...(one.output === null ? [] : [caption("Output"), block(decoded(one.output))])],
  ],
  "chatkit.task": (one) => [`Task · ${one.task_type}`, [task(one)]],
  "chatkit.task_group": (one) => ["Tasks", one.tasks.map(task)],
};

function caption(words) {
  return element("p", { class: "source" }, words);
}

function part(given) {
  if (typeof given.text !== "string") return block(given);
  return element(given.type === "quoted_text" ? "blockquote" : "p", { class: "text", dir: "auto" }, given.text);
}

function attachment(one) {
  return element("p", { class: "source" }, `Attachment: ${one.name} (${one.mime_type})`);
}

function sources(given) {
  const names = (given.annotations ?? []).map((one) => one.source?.url ?? one.source?.filename ?? JSON.stringify(one));
  return names.map((name) => element("p", { class: "source" }, `Source: ${name}`));
}

function task(one) {
  const words = [one.heading, one.summary].filter((given) => given !== null).join(" · ");
  return element("p", { class: "text", dir: "auto" }, words || "–");
}

// Drives the emulator by the official Node client, and prints what it saw as JSON.
import OpenAI from "openai";

const [baseURL, part] = process.argv.slice(2);
const client = new OpenAI({ apiKey: "sk-test", baseURL, maxRetries: 0 });
const { sessions, threads } = client.beta.chatkit;
const seen = {};

async function all(listing) {
  const ids = [];
  for await (const one of listing) ids.push(one.id);
  return ids;
}

async function refusal(call) {
  try {
    await call();
    return null;
  } catch (error) {
    return [error.constructor.name, error.status, error.code, error.param, typeof error.requestID];
  }
}

async function usual() {
  const session = await sessions.create({
    user: "user_node",
    workflow: { id: "wf_1", state_variables: { plan: "pro", seats: 3 } },
    expires_after: { anchor: "created_at", seconds: 60 },
  });
  seen.created = [session.object, session.status, session.user, session.client_secret];
  seen.cancelled = [(await sessions.cancel(session.id)).status, (await sessions.cancel(session.id)).status];

  seen.threads = await all(threads.list());
  seen.ascending = await all(threads.list({ order: "asc", limit: 10 }));
  seen.of_user = await all(threads.list({ user: "user_1", limit: 5 }));
  const page = await threads.list({ limit: 2, after: "cthr_40" });
  seen.page = [page.data.map((one) => one.id), page.hasNextPage(), page.last_id];

  const thread = await threads.retrieve("cthr_2");
  seen.thread = [thread.title, thread.status.type, thread.user];
  seen.items = await all(threads.listItems("cthr_long", { order: "asc", limit: 100 }));
  seen.kinds = (await threads.listItems("cthr_2", { order: "asc" })).data.map((one) => one.type);
  seen.deleted = await threads.delete("cthr_2");

  seen.bad = await refusal(() => threads.list({ limit: 101 }));
  seen.bad_body = await refusal(() => sessions.create({ user: "", workflow: { id: "wf_1" } }));
  seen.gone = await refusal(() => threads.retrieve("cthr_2"));
  seen.gone_again = await refusal(() => threads.delete("cthr_2"));
  seen.no_session = await refusal(() => sessions.cancel("cksess_0"));
  seen.stranger = await refusal(() => client.withOptions({ apiKey: "sk-other" }).beta.chatkit.threads.list());
}

async function limited() {
  seen.refused = await refusal(() => threads.list());
  seen.threads = await all(client.withOptions({ maxRetries: 2 }).beta.chatkit.threads.list({ limit: 100 }));
}

await { usual, limited }[part]();
console.log(JSON.stringify(seen));

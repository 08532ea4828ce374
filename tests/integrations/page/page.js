// Does what ChatKit does: gets a client secret when the page opens, and another before it expires.

const REFRESH_S = 70;
const element = (id) => document.getElementById(id);
let current = null;

// Passed to ChatKit as `api.getClientSecret`; there it returns `client_secret` alone.
async function getClientSecret(currentClientSecret) {
  const response = await fetch("/api/chatkit/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ currentClientSecret }),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error.message);
  return body;
}

const secondsLeft = () => Math.round(current.expires_at - Date.now() / 1000);

function show(status) {
  element("status").textContent = status;
  element("left").textContent = current ? `${secondsLeft()} s` : "none";
}

async function refresh() {
  try {
    current = await getClientSecret(current?.client_secret);
    show("You may chat");
  } catch (error) {
    current = null;
    show(error.message);
  }
}

async function tick() {
  if (current && secondsLeft() <= REFRESH_S) await refresh();
  else if (current) show("You may chat");
  setTimeout(tick, 1000);
}

element("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  await fetch("/sign-in", { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  current = null;
  await refresh();
});

element("logout").addEventListener("click", async () => {
  await fetch("/logout", { method: "POST" });
  current = null;
  show("You are logged out");
});

await refresh();
tick();

// Keeps a client secret alive as ChatKit does: one is asked for at the start, and another whenever it nears its end.

const REFRESH_S = 70;
const shown = (id) => document.getElementById(id);
let held = null;

// What is given to ChatKit as `api.getClientSecret`; there it returns `client_secret` alone.
async function getClientSecret(currentClientSecret) {
  const answer = await fetch("/api/chatkit/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ currentClientSecret }),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error.message);
  return told;
}

const secondsLeft = () => Math.round(held.expires_at - Date.now() / 1000);

function show(status) {
  shown("status").textContent = status;
  shown("left").textContent = held ? `${secondsLeft()} s` : "none";
}

async function ask() {
  try {
    held = await getClientSecret(held?.client_secret);
    show("You may chat");
  } catch (error) {
    held = null;
    show(error.message);
  }
}

async function tick() {
  if (held && secondsLeft() <= REFRESH_S) await ask();
  else if (held) show("You may chat");
  setTimeout(tick, 1000);
}

shown("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  await fetch("/sign-in", { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  held = null;
  await ask();
});

shown("logout").addEventListener("click", async () => {
  await fetch("/logout", { method: "POST" });
  held = null;
  show("You are logged out");
});

await ask();
tick();

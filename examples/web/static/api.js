// The service behind the page.

/** What went wrong, in words for the user. */
export class Problem extends Error {}

/** What the page is about: its title and the fields of a new session. */
export async function page() {
  return (await fetch("/api/page")).json();
}

/** Starts a session and gives its ticket. */
export async function start(inputs) {
  return (await post("/api/sessions", inputs)).ticket;
}

export async function answer(ticket, prompt, text) {
  await post(`/api/sessions/${ticket}/answer`, { run: prompt.run, round: prompt.round, text });
}

export async function cancel(ticket) {
  await post(`/api/sessions/${ticket}/cancel`, {});
}

/** Follows a session: `told` gets each message, `reached` whether the service is there. */
export function follow(ticket, told, reached) {
  const source = new EventSource(`/api/sessions/${ticket}/events`);
  source.onopen = () => reached(true);
  source.onerror = () => reached(false);
  source.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (["finished", "failed", "ended"].includes(message.type)) source.close();
    told(message);
  };
  return () => source.close();
}

async function post(address, body) {
  let response;
  try {
    response = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Problem("You seem to be offline. Please try again.");
  }
  const said = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(said.problem ?? "That did not work. Please try again.");
  return said;
}

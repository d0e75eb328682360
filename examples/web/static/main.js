// The page: which session it shows, and what the user does.

import * as api from "./api.js";
import { newSession, sent, take } from "./session.js";
import { element, make, problem, show } from "./view.js";

const KEPT = "live-flow-sessions";
let current = null; // { ticket, session, stop }

// Sessions live on at the service; what the browser keeps is their tickets.
const kept = () => JSON.parse(localStorage.getItem(KEPT) ?? "[]");
const keep = (sessions) => localStorage.setItem(KEPT, JSON.stringify(sessions.slice(0, 30)));

function showList() {
  const items = kept().map(({ ticket, title }) => {
    const button = make("button", "", title);
    button.type = "button";
    if (ticket === current?.ticket) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => (location.hash = ticket));
    const item = make("li");
    item.append(button);
    return item;
  });
  element("sessions").replaceChildren(...items);
}

/** Shows the session that the address names, or the form for a new one. */
function open() {
  current?.stop();
  current = null;
  const ticket = location.hash.slice(1);
  const entry = kept().find((one) => one.ticket === ticket);
  element("start").hidden = Boolean(entry);
  element("session").hidden = !entry;
  if (entry) {
    const session = newSession();
    element("session-title").textContent = entry.title;
    element("text").value = "";
    delete element("reply").dataset.prompt;
    const told = (message) => {
      take(session, message);
      show(session);
    };
    const reached = (isUp) => {
      // A stream that begins anew tells everything again.
      if (isUp) Object.assign(session, newSession());
      else session.isUp = false;
      if (isUp || session.end === null) show(session);
    };
    current = { ticket, session, stop: api.follow(ticket, told, reached) };
    show(session);
  }
  showList();
}

/** Runs what a form does, once at a time, and says what went wrong. What was typed stays. */
function submit(form, action) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    form.dataset.sending = "yes";
    problem(form, null);
    try {
      await action();
    } catch (error) {
      if (!(error instanceof api.Problem)) throw error;
      problem(form, error.message);
    } finally {
      button.disabled = false;
      delete form.dataset.sending;
    }
  });
}

submit(element("start"), async () => {
  const inputs = Object.fromEntries(new FormData(element("start")));
  const ticket = await api.start(inputs);
  const title = Object.values(inputs).find(Boolean) ?? new Date().toLocaleString();
  keep([{ ticket, title }, ...kept()]);
  element("start").reset();
  location.hash = ticket;
});

submit(element("reply"), async () => {
  const { ticket, session } = current;
  const prompt = session.prompt;
  const text = element("text").value;
  await api.answer(ticket, prompt, text);
  element("text").value = "";
  sent(session, prompt, text);
  if (current?.session === session) show(session);
});

element("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    element("reply").requestSubmit();
  }
});

element("cancel").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.disabled = true;
  try {
    await api.cancel(current.ticket);
  } catch (error) {
    element("status").textContent = error.message;
  } finally {
    button.disabled = false;
  }
});

element("new").addEventListener("click", () => {
  location.hash = "";
  element("start").querySelector("input, button").focus();
});

addEventListener("hashchange", open);
addEventListener("storage", showList);

const { title, fields } = await api.page();
document.title = title;
element("title").textContent = title;
element("fields").replaceChildren(
  ...Object.entries(fields).map(([name, label]) => {
    const field = make("div");
    const caption = make("label", "", label);
    const input = make("input");
    input.id = caption.htmlFor = `field-${name}`;
    input.name = name;
    input.required = true;
    field.append(caption, input);
    return field;
  }),
);
open();

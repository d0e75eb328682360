// Puts a session on the screen. All text goes in as text, never as HTML: it comes from flows and
// language models.

export const element = (id) => document.getElementById(id);

export function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const STATUS = {
  READY: "Starting…",
  RUNNING: "Working…",
  WAITING_FOR_USER_INPUT: "Waiting for you",
  FINISHED: "Finished",
  FAILED: "Ended",
};
const END = {
  finished: "Finished",
  failed: "This session could not be completed, or was cancelled.",
  gone: "This session is not there any more.",
  unknown: "This session cannot be followed at the moment. Reload the page to try again.",
};
const STEP = {
  RUNNING: ["runs", "in progress"],
  WAITING_FOR_USER_INPUT: ["asks", "waiting for you"],
  FINISHED: ["done", "done"],
  FAILED: ["failed", "not completed"],
};

/** Shows a session as it is now. The reply form is left alone while its prompt is the same. */
export function show(session) {
  element("status").textContent = END[session.end] ?? STATUS[session.status] ?? "Working…";
  element("connection").hidden = session.isUp;
  element("cancel").hidden = session.end !== null;
  showSteps(session.steps);
  showTalk(session.turns);
  showReply(session.prompt);
  element("result").hidden = session.end !== "finished" || session.output === null;
  element("output").replaceChildren(rendered(session.output));
}

/** Says what went wrong in a form, or that nothing did. */
export function problem(form, text) {
  const line = form.querySelector(".problem");
  line.textContent = text ?? "";
  line.hidden = !text;
}

function showSteps(steps) {
  const items = [...steps.values()].map(({ name, status }) => {
    const [className, words] = STEP[status] ?? ["", "to come"];
    const item = make("li", className, readable(name));
    item.append(make("small", "", words));
    return item;
  });
  element("steps").replaceChildren(...items);
}

/** Adds what is new and changes what is different, so that a screen reader reads just that. */
function showTalk(turns) {
  const lines = [...turns.values()].flatMap(({ question, answer, note }) => [
    ["question", question],
    ...(answer === null ? [] : [["answer", answer]]),
    ...(note === null ? [] : [["note", note]]),
  ]);
  const talk = element("talk");
  lines.forEach(([className, text], at) => {
    const line = talk.children[at] ?? talk.appendChild(make("p"));
    if (line.className !== className) line.className = className;
    if (line.textContent !== text) line.textContent = text;
  });
  while (talk.children.length > lines.length) talk.lastChild.remove();
}

function showReply(prompt) {
  const form = element("reply");
  form.hidden = !prompt;
  if (!prompt) return;
  const asked = `${prompt.run}/${prompt.round}`;
  const before = form.dataset.prompt;
  if (asked === before) return;
  form.dataset.prompt = asked;
  // What was typed for another question stays, and does not go to this one unseen.
  const isOvertaken = before && element("text").value && !form.dataset.sending;
  problem(form, isOvertaken ? "There is another question now. What you typed is still here." : null);
  // The user goes on typing, unless they are busy elsewhere on the page.
  const { activeElement } = document;
  if (activeElement === document.body || form.contains(activeElement)) element("text").focus();
}

function rendered(value) {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    const list = make("dl");
    for (const [name, part] of Object.entries(value)) {
      const shown = make("dd");
      shown.append(rendered(part));
      list.append(make("dt", "", readable(name)), shown);
    }
    return list;
  }
  if (Array.isArray(value)) {
    const list = make("ul");
    for (const part of value) list.appendChild(make("li")).append(rendered(part));
    return list;
  }
  return document.createTextNode(value === null || value === undefined ? "" : String(value));
}

/** `ask_budget` as a person would write it. */
function readable(name) {
  const words = (name ?? "step").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

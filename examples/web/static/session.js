// What is known of one session, from the messages about it. Each stream begins with the present, so
// after a reload or a lost connection the messages simply come again.

export function newSession() {
  return { status: "READY", steps: new Map(), turns: new Map(), prompt: null, isUp: true, end: null, output: null };
}

const key = ({ run, round }) => `${run}/${round}`;

/** Takes one message in. */
export function take(session, message) {
  switch (message.type) {
    case "status":
      session.status = message.status;
      break;
    case "step":
      session.steps.set(message.run, { name: message.name, status: message.status });
      if (message.answer !== null) answered(session, message);
      break;
    case "prompt":
      session.prompt = message;
      session.turns.set(key(message), { question: message.text, answer: null, note: null });
      break;
    case "prompt_closed":
      closed(session, message);
      break;
    case "answer_unresolved":
      note(session, message, `It is not known whether this arrived: ${message.text}`);
      break;
    case "connection":
      session.isUp = message.is_up;
      break;
    case "finished":
      session.end = "finished";
      session.output = message.output;
      break;
    case "failed":
      session.end = "failed";
      break;
    case "ended":
      session.end = message.is_gone ? "gone" : "unknown";
      break;
  }
  if (session.end) {
    session.prompt = null;
    session.isUp = true;
  }
}

/** The user's own answer arrived. */
export function sent(session, prompt, text) {
  const turn = session.turns.get(key(prompt));
  // The service may have said more by now.
  if (turn) turn.answer ??= text;
}

/** A step shows its answer: of its newest turn, or of one that this page has not seen. */
function answered(session, { run, question, answer }) {
  const turn = [...session.turns].filter(([name]) => name.startsWith(`${run}/`)).pop()?.[1];
  if (turn) turn.answer = answer;
  else session.turns.set(key({ run, round: 0 }), { question, answer, note: null });
}

function closed(session, message) {
  if (session.prompt && key(session.prompt) === key(message)) session.prompt = null;
  if (message.reason === "answered_elsewhere") note(session, message, "Answered elsewhere.");
}

function note(session, message, text) {
  const turn = session.turns.get(key(message));
  if (turn) turn.note = text;
}

"""Runs a session with two questions on what is installed, in the version that is asked for.

python -I bindings/python/try_package.py VERSION
"""

from __future__ import annotations

import sys

import truestate_liveflow
from truestate_liveflow import Prompt, SessionStatus
from truestate_liveflow.testing import LEAD_QUALIFICATION, Simulator

ANSWERS = {"ask_budget": "20000", "ask_timeline": "next year"}


def run() -> None:
    """Stop with what is not as it should be."""
    asked: list[str] = []

    def answer(prompt: Prompt) -> str:
        asked.append(str(prompt.step_name))
        return ANSWERS[asked[-1]]

    with Simulator(speed=100) as simulator, simulator.client() as client:
        session = client.run(LEAD_QUALIFICATION, {"company": "ACME"}, on_prompt=answer)
        (journal,) = simulator.journal(session.id)["sessions"]
    arrived = [(answer["input"], answer["count"]) for answer in journal["inputs"]]
    if truestate_liveflow.__version__ != sys.argv[1]:
        sys.exit(f"installed is {truestate_liveflow.__version__}, not {sys.argv[1]}")
    if session.status is not SessionStatus.FINISHED:
        sys.exit(f"the session ended as {session}")
    if asked != list(ANSWERS) or arrived != [(text, 1) for text in ANSWERS.values()]:
        sys.exit(f"asked was {asked}, and {arrived} arrived")


if __name__ == "__main__":
    run()

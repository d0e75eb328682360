"""Run a Live Flow session at the terminal: progress as it happens, questions, the result.

    python quickstart.py FLOW --input company=ACME

FLOW is the flow's id or the address of its page. The key, and where the service is, come from the
environment: TRUESTATE_API_KEY, TRUESTATE_ORGANISATION_ID, TRUESTATE_HOST.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from truestate_liveflow import (
    Client,
    ClientSettings,
    ConnectionLost,
    ConnectionRestored,
    LiveFlowError,
    Prompt,
    PromptClosed,
    PromptCloseReason,
    SessionEvent,
    SessionStatus,
    StatusChanged,
    StepChanged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def main() -> int:
    """Run the session that the command line asks for."""
    options = _options()
    settings: ClientSettings = {}
    if options.base_url:
        settings["base_url"] = options.base_url
    try:
        with Client.from_env(**settings) as client:
            session = client.run(
                options.flow,
                inputs=dict(options.input),
                on_prompt=_asker(iter(options.answer)),
                on_event=_show,
            )
    except LiveFlowError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.answer is not None:
            print(f"your answer did not arrive: {error.answer}", file=sys.stderr)
        if error.request_id:
            print(f"(request {error.request_id})", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        print("\nstopped watching; the session itself goes on", file=sys.stderr)
        return 130
    if session.status is SessionStatus.FAILED:
        print("the session failed", file=sys.stderr)
        return 1
    print()
    print(json.dumps(session.output, indent=2, ensure_ascii=False, default=str))
    return 0


def _show(event: SessionEvent) -> None:
    """Print what happened, if it is of interest."""
    match event:
        case StatusChanged(_, current):
            print(f"  session {current}")
        case StepChanged(step):
            print(f"  {step.name or step.id}: {step.raw_status}")
        case PromptClosed(_, PromptCloseReason.ANSWERED_ELSEWHERE):
            print("  answered elsewhere")
        case ConnectionLost(error, retry_in):
            print(f"  connection lost ({error}); next try in {retry_in:.1f} s")
        case ConnectionRestored():
            print("  connection restored")


def _asker(ready: Iterator[str]) -> Callable[[Prompt], str | None]:
    """Answer with what is ready, then ask at the terminal; nothing typed is no answer."""

    def ask(prompt: Prompt) -> str | None:
        print(f"\n? {prompt.text}")
        answer = next(ready, None)
        if answer is None:
            answer = input("> ").strip()
        else:
            print(f"> {answer}")
        return answer or None

    return ask


def _pair(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        message = f"{text!r} is not NAME=VALUE"
        raise argparse.ArgumentTypeError(message)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run a Live Flow session at the terminal.")
    parser.add_argument("flow", help="the flow's id, or the address of its page")
    parser.add_argument(
        "--input",
        type=_pair,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an input of the session; a VALUE that is JSON is taken as JSON",
    )
    parser.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="TEXT",
        help="answers the next question, instead of asking",
    )
    parser.add_argument("--base-url", help="where the service is (default: TRUESTATE_HOST)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

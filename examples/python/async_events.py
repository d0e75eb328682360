"""Follow several Live Flow sessions at once with asyncio, and answer them as they ask.

    python async_events.py FLOW --input company=ACME --input company=Globex

Each --input starts one session. The key, and where the service is, come from the environment:
TRUESTATE_API_KEY, TRUESTATE_ORGANISATION_ID, TRUESTATE_HOST.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from truestate_liveflow import (
    AsyncClient,
    AsyncLiveSession,
    ClientSettings,
    ConnectionLost,
    Failed,
    Finished,
    LiveFlowError,
    PromptNoLongerOpenError,
    PromptRequested,
    StepChanged,
    WatchEnded,
)

_terminal = asyncio.Lock()
"""One question at a time: there is one person at the terminal."""


async def main() -> int:
    """Run a session for each input on the command line."""
    options = _options()
    settings: ClientSettings = {}
    if options.base_url:
        settings["base_url"] = options.base_url
    try:
        async with AsyncClient.from_env(**settings) as client:
            lives = await asyncio.gather(
                *(client.start(options.flow, {name: value}) for name, value in options.input)
            )
            names = [value for _, value in options.input]
            ended_well = await asyncio.gather(
                *(
                    _follow(name, live, list(options.answer))
                    for name, live in zip(names, lives, strict=True)
                )
            )
    except LiveFlowError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0 if all(ended_well) else 1


async def _follow(name: str, live: AsyncLiveSession, ready: list[str]) -> bool:
    """Print what one session does, and answer it. Tells whether it ended well."""
    async for event in live.events():
        match event:
            case StepChanged(step):
                print(f"{name}: {step.name} {step.raw_status}")
            case PromptRequested(prompt):
                answer = await _ask(f"{name}: {prompt.text} ", ready)
                try:
                    await live.answer(prompt, answer)
                except PromptNoLongerOpenError:
                    print(f"{name}: somebody else answered")
            case ConnectionLost(error, retry_in):
                print(f"{name}: {error}; next try in {retry_in:.1f} s")
            case Finished(session):
                print(f"{name}: {session.output}")
                return True
            case Failed():
                print(f"{name}: failed")
            case WatchEnded(reason):
                print(f"{name}: stopped watching: {reason}")
    return False


async def _ask(question: str, ready: list[str]) -> str:
    if ready:
        print(f"{question}{ready[0]}")
        return ready.pop(0)
    async with _terminal:
        # On a thread, so that the other sessions go on being followed meanwhile.
        return await asyncio.to_thread(input, question)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        message = f"{text!r} is not NAME=VALUE"
        raise argparse.ArgumentTypeError(message)
    return name, value


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Follow several Live Flow sessions at once.")
    parser.add_argument("flow", help="the flow's id, or the address of its page")
    parser.add_argument(
        "--input",
        type=_pair,
        action="append",
        required=True,
        metavar="NAME=VALUE",
        help="starts a session with this input; may be given several times",
    )
    parser.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="TEXT",
        help="answers each session's next question, instead of asking",
    )
    parser.add_argument("--base-url", help="where the service is (default: TRUESTATE_HOST)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

"""Run a session for each line of a file, some at a time, and go on after a restart.

    python run_many.py FLOW companies.txt --at-once 20 --results results.jsonl

The key, and where the service is, come from the environment: TRUESTATE_API_KEY,
TRUESTATE_ORGANISATION_ID, TRUESTATE_HOST.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from truestate_liveflow import (
    AnswerUnresolved,
    AsyncClient,
    AsyncLiveSession,
    FileCheckpointStore,
    InvalidRequestError,
    LiveFlowError,
    Prompt,
    PromptNoLongerOpenError,
    PromptRequested,
    Session,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable

INPUT = "company"
BATCH = "batch"


async def main() -> int:
    """Run what the command line asks for."""
    options = _options()
    wanted = [line for line in options.companies.read_text("utf-8").splitlines() if line.strip()]
    results = Results(options.results)
    store = FileCheckpointStore(options.checkpoints)
    async with AsyncClient.from_env(checkpoint_store=store) as client:
        begun = await _begun(client, options.flow, options.batch, results.names)
        ahead = [name for name in wanted if name not in begun.keys() | results.names]
        with tqdm(total=len(wanted), initial=len(results.names), unit="session") as bar:

            async def finish(live: AsyncLiveSession) -> None:
                results.add(await _follow(live, options.answer))
                bar.update()

            async def run(name: str) -> None:
                await finish(await client.start(options.flow, {INPUT: name, BATCH: options.batch}))

            work = [*map(finish, begun.values()), *map(run, ahead)]
            failures = [error async for error in _at_most(options.at_once, work, bar.write)]
    return 1 if failures else 0


async def _begun(
    client: AsyncClient, flow: str, batch: str, done: set[str]
) -> dict[str, AsyncLiveSession]:
    """Take up what was under way when this was stopped.

    The store knows of answers under way; the list knows of a session that had just been created.
    """
    live = {restored.id: restored for restored in await client.restore_all()}
    begun = {}
    async for session in client.iter_sessions(flow):
        inputs = session.inputs if isinstance(session.inputs, dict) else {}
        if inputs.get(BATCH) == batch and (name := inputs[INPUT]) not in done:
            begun[name] = live.get(session.id) or await client.watch(flow, session.id)
    return begun


async def _follow(live: AsyncLiveSession, answer: str) -> Session:
    """Answer what a session asks, until its end."""
    async with live:
        async for event in live.events():
            match event:
                case PromptRequested(prompt):
                    await _answer(live, prompt, answer)
                case AnswerUnresolved(prompt, text):
                    # Looked for after a restart, and not found. Nobody else answers here.
                    await _answer(live, prompt, text)
        return await live.wait()


async def _answer(live: AsyncLiveSession, prompt: Prompt, answer: str) -> None:
    try:
        await live.answer(prompt, answer)
    except PromptNoLongerOpenError:
        pass
    except InvalidRequestError as error:
        # After a restart: an earlier answer is being looked for. What came of it is told.
        if error.argument != "prompt":
            raise


async def _at_most(
    limit: int, work: Iterable[Coroutine[None, None, None]], say: Callable[[str], None]
) -> AsyncIterator[LiveFlowError]:
    """Do so many things at a time. One that fails is told, and leaves the others alone."""
    places = asyncio.Semaphore(limit)

    async def one(thing: Coroutine[None, None, None]) -> LiveFlowError | None:
        async with places:
            try:
                await thing
            except LiveFlowError as error:
                say(f"{type(error).__name__}: {error}")
                return error
            return None

    for done in asyncio.as_completed([one(thing) for thing in work]):
        if error := await done:
            yield error


class Results:
    """A file with a line of JSON for each session that has ended."""

    def __init__(self, path: Path) -> None:
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        self.names = {json.loads(line)[INPUT] for line in lines}
        self._file = path.open("a", encoding="utf-8")

    def add(self, session: Session) -> None:
        """Write a session's result down at once."""
        line = {
            INPUT: session.inputs[INPUT],
            "status": session.status.value,
            "output": session.output,
        }
        print(json.dumps(line, default=str), file=self._file, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run a session for each line of a file.")
    parser.add_argument("flow", help="the flow's id, or the address of its page")
    parser.add_argument("companies", type=Path, help="a file with one company a line")
    parser.add_argument("--at-once", type=int, default=10, help="how many sessions at a time")
    parser.add_argument("--answer", default="20000", help="what each question is answered with")
    parser.add_argument("--batch", default="1", help="what tells these sessions from others")
    parser.add_argument("--results", type=Path, default=Path("results.jsonl"))
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except KeyboardInterrupt:
        print("stopped; run this again to go on", file=sys.stderr)
        sys.exit(130)

"""Helpers of the tests."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
import textwrap
import time
import uuid
from typing import TYPE_CHECKING, Any

from truestate_liveflow import (
    AsyncClient,
    Client,
    ClientSettings,
    PollingConfig,
    PromptRequested,
    RetryConfig,
    SessionEvent,
    Timeouts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from truestate_liveflow import Prompt
    from truestate_liveflow.testing import Simulator


def fast() -> ClientSettings:
    """Settings with which nothing takes long, and which still fit together."""
    return {
        "polling": PollingConfig(
            running_min=0.01, running_max=0.05, waiting_min=0.02, waiting_max=0.1
        ),
        "retry": RetryConfig(initial_backoff=0.02, max_backoff=0.2),
        "timeouts": Timeouts(connect=2, request=2, total=10),
        "max_staleness": 0.2,
        "answer_grace": 2.5,
        "requests_per_second": 0,
    }


class Twin:
    """A `Client` or an `AsyncClient`, and a way to wait for what either gives."""

    def __init__(self, simulator: Simulator, *, is_async: bool) -> None:
        self.simulator = simulator
        self.is_async = is_async
        self._loop = asyncio.new_event_loop()
        self._clients: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for client in self._clients:
            client.close()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def client(self, **settings: Any) -> Any:
        make = self.simulator.async_client if self.is_async else self.simulator.client
        client = make(**{**fast(), **settings})
        self._clients.append(client)
        return client

    def do(self, result: Any) -> Any:
        """Give the result, whether it has to be awaited or not."""
        if inspect.isawaitable(result):
            return self._loop.run_until_complete(_awaited(result))
        return result

    def next(self, events: Any) -> Any:
        """Give an iterator's next item; `None` at its end."""
        if self.is_async:
            return self.do(_next_or_none(events))
        return next(events, None)

    def eventually(self, holds: Callable[[], object]) -> None:
        """As the function of this name, with the event loop going on meanwhile."""
        eventually(lambda: self.do(asyncio.sleep(0.001)) or holds() if self.is_async else holds())

    def all(self, events: Any) -> list[Any]:
        items = []
        while (item := self.next(events)) is not None:
            items.append(item)
        return items

    def until(self, events: Any, wanted: Callable[[SessionEvent], bool]) -> Any:
        """Pull until there is such an event, and give it."""
        while (event := self.next(events)) is not None:
            if wanted(event):
                return event
        message = "the events ended before the one that was waited for"
        raise AssertionError(message)

    def prompt(self, events: Any) -> Prompt:
        """Pull until a prompt is requested, and give it."""
        event = self.until(events, lambda event: isinstance(event, PromptRequested))
        prompt: Prompt = event.prompt
        return prompt


async def _awaited(result: Any) -> Any:
    return await result


async def _next_or_none(events: Any) -> Any:
    return await anext(events, None)


def asking(
    simulator: Simulator, questions: int = 1, flow_id: str | None = None, **input_step: Any
) -> str:
    """Upload a flow that asks so many questions, `ask_1` and so on, and give its id."""
    names = [f"ask_{number + 1}" for number in range(questions)]
    steps: list[dict[str, Any]] = [
        {
            "name": name,
            "type": "input",
            "prompt": {"type": "text", "text": f"{name}?"},
            "transitions": [{"to": following}],
            **input_step,
        }
        for name, following in zip(names, [*names[1:], "end"], strict=True)
    ]
    return upload(simulator, steps, result=f"${{{names[-1]}.result}}", flow_id=flow_id)


def working(simulator: Simulator, steps: int, duration_ms: int = 0, result: Any = "done") -> str:
    """Upload a flow that works through so many steps and asks nothing, and give its id."""
    names = [f"work_{number + 1}" for number in range(steps)]
    return upload(
        simulator,
        [
            {
                "name": name,
                "type": "tool",
                "duration_ms": duration_ms,
                "transitions": [{"to": following}],
            }
            for name, following in zip(names, [*names[1:], "end"], strict=True)
        ],
        result=result,
    )


def upload(
    simulator: Simulator, steps: Sequence[dict[str, Any]], result: Any, flow_id: str | None = None
) -> str:
    start = {"name": "start", "type": "start", "transitions": [{"to": steps[0]["name"]}]}
    end = {"name": "end", "type": "end", "result": result}
    flow = {"name": "A test's", "ready_ms": 0, "steps": [start, *steps, end]}
    return simulator.upload_flow(flow, flow_id or str(uuid.uuid4()))


def endless(simulator: Simulator) -> str:
    """Upload a flow that works for days, and give its id."""
    return working(simulator, 1, duration_ms=10**11)


def answers_of(simulator: Simulator, session_id: str) -> list[Any]:
    """Give the answers that arrived, each as often as it did."""
    (session,) = simulator.journal(session_id)["sessions"]
    return [answer["input"] for answer in session["inputs"] for _ in range(answer["count"])]


def eventually(holds: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def answered(flow: str, answer: str) -> Any:
    """Run a session of the environment's service in this process, and give its output."""
    with Client.from_env(**fast()) as client:
        return client.run(flow, on_prompt=lambda _: answer).output


class Script:
    """A Python program in a process of its own, with the simulator in its environment."""

    def __init__(self, simulator: Simulator, code: str, *arguments: str) -> None:
        environment = {
            **os.environ,
            "TRUESTATE_HOST": simulator.base_url,
            "TRUESTATE_API_KEY": simulator.api_key,
            "PYTHONPATH": os.path.dirname(__file__),  # noqa: PTH120
            "PYTHONFAULTHANDLER": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def wait_for_line(self) -> str:
        """Give the next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def say(self, line: str = "") -> None:
        """Give it a line of input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end_input(self) -> None:
        """Let it find the end of its input."""
        assert self.process.stdin is not None
        self.process.stdin.flush()
        self.process.stdin.close()
        self.process.stdin = None

    def ended(self, seconds: float = 30) -> str:
        """Wait for its end, which must be clean, and give what it printed."""
        output, errors = self.process.communicate(timeout=seconds)
        assert (self.process.returncode, errors) == (0, ""), f"{output}\n{errors}"
        return output.strip()


def blocking_client(simulator: Simulator, **settings: Any) -> Any:
    return simulator.client(**{**fast(), **settings})


def async_client(simulator: Simulator, **settings: Any) -> AsyncClient:
    return simulator.async_client(**{**fast(), **settings})

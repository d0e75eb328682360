"""Web applications, for servers that fork or spawn their workers."""

from __future__ import annotations

import contextlib
import functools
import os
from typing import TYPE_CHECKING, Any

from support import fast
from truestate_liveflow import AsyncClient, Client, ClosedError, Prompt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    Message = MutableMapping[str, Any]

FLOW = os.environ["SERVED_FLOW"]


@functools.cache
def _preloaded() -> Client:
    """Give a client that is made, and put to work, before the server forks."""
    client = Client.from_env(**fast())
    client.start(FLOW)
    return client


@functools.cache
def _workers_own() -> Client:
    return Client.from_env(**fast())


def _answer(prompt: Prompt) -> str:
    return f"{prompt.text} yes"


def wsgi(
    environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """Run a session with the worker's own client, or try the one that was made before the fork."""
    try:
        client = _preloaded() if environ["PATH_INFO"] == "/preloaded" else _workers_own()
        said = client.run(FLOW, on_prompt=_answer).output
    except ClosedError as error:
        said = str(error)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [said.encode()]


async def asgi(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Run a session with a client that lives as long as the worker."""
    if scope["type"] == "lifespan":
        await receive()
        async with AsyncClient.from_env(**fast()) as client:
            scope["state"]["client"] = client
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    said = (await scope["state"]["client"].run(FLOW, on_prompt=_answer)).output
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": said.encode()})


if "SERVED_PRELOADED" in os.environ:
    with contextlib.suppress(ClosedError):
        _preloaded()

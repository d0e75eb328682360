"""A page for the end users of one Live Flow. The API key stays here, on the server.

    python app.py FLOW --field "company=Which company?"

FLOW is the flow's id or the address of its page. The key, and where the service is, come from the
environment: TRUESTATE_API_KEY, TRUESTATE_ORGANISATION_ID, TRUESTATE_HOST.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from truestate_liveflow import (
    AsyncClient,
    ClosedError,
    InvalidRequestError,
    LiveFlowError,
    OutcomeUnknownError,
    Prompt,
    PromptNoLongerOpenError,
)

from messages import message
from tickets import Tickets
from watches import Watches

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger("live_flow_page")
STATIC = Path(__file__).parent / "static"
# The longest answer that is taken from a page.
MAX_BODY = 64 * 1024


@dataclass
class Settings:
    """What the page is about."""

    flow: str
    title: str = "Live Flow"
    fields: dict[str, str] = field(default_factory=dict)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)


def create_app(settings: Settings) -> Starlette:
    """Make the application. The client is set up by the environment."""
    tickets = Tickets(settings.secret)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncClient.from_env(user_agent_suffix="live-flow-page/1") as client:
            app.state.client = client
            app.state.watches = Watches(client, settings.flow)
            yield

    def session_id(request: Request) -> str:
        found = tickets.session_id(request.path_params["ticket"])
        if found is None:
            raise HTTPException(404, "There is no such session.")
        return found

    async def index(_request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    async def page(_request: Request) -> Response:
        return JSONResponse({"title": settings.title, "fields": settings.fields})

    async def start(request: Request) -> Response:
        given = await _json(request)
        inputs = {name: str(given.get(name, "")) for name in settings.fields}
        session = await request.app.state.client.create_session(settings.flow, inputs)
        return JSONResponse({"ticket": tickets.issue(session.id)}, 201)

    async def events(request: Request) -> Response:
        viewing = request.app.state.watches.viewing(session_id(request))

        async def stream() -> AsyncIterator[str]:
            async with viewing as live:
                async for event in live.events():
                    yield json.dumps(message(event, live.snapshot()), default=str)

        return EventSourceResponse(stream(), ping=15)

    async def answer(request: Request) -> Response:
        given = await _json(request)
        try:
            prompt = Prompt(run_id=str(given["run"]), round=int(given["round"]))
            text = str(given["text"])
        except (KeyError, ValueError) as error:
            raise HTTPException(400, "An answer has run, round and text.") from error
        async with request.app.state.watches.viewing(session_id(request)) as live:
            await live.answer(prompt, text)
        return JSONResponse({})

    async def cancel(request: Request) -> Response:
        await request.app.state.client.cancel_session(settings.flow, session_id(request))
        return JSONResponse({})

    return Starlette(
        routes=[
            Route("/", index),
            Route("/api/page", page),
            Route("/api/sessions", start, methods=["POST"]),
            Route("/api/sessions/{ticket}/events", events),
            Route("/api/sessions/{ticket}/answer", answer, methods=["POST"]),
            Route("/api/sessions/{ticket}/cancel", cancel, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        lifespan=lifespan,
        middleware=[Middleware(_Headers)],
        exception_handlers={LiveFlowError: _live_flow_error, HTTPException: _http_error},
    )


async def _json(request: Request) -> dict[str, Any]:
    # Another site's page may not send this type, and so cannot act for a user.
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise HTTPException(415, "Send JSON.")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise HTTPException(413, "That is too long.")
    try:
        given = json.loads(body)
    except ValueError as error:
        raise HTTPException(400, "That is not JSON.") from error
    if not isinstance(given, dict):
        raise HTTPException(400, "Send a JSON object.")
    return given


async def _live_flow_error(_request: Request, error: Exception) -> Response:
    """Tell the user what to do, and the log what happened."""
    match error:
        case PromptNoLongerOpenError():
            return _problem(409, "That question is answered already, here or elsewhere.")
        case InvalidRequestError(argument=None):
            return _problem(422, "That answer was not accepted. Please try another.")
        case InvalidRequestError():
            return _problem(409, "Another answer is still on its way.")
        case OutcomeUnknownError():
            log.warning("outcome unknown: %s (request %s)", error, error.request_id)
            return _problem(
                502, "It is not known whether that arrived. Please look before sending it again."
            )
        case ClosedError():
            return _problem(503, "This page is being restarted. Please try again.")
        case LiveFlowError():
            log.error("%s (request %s)", error, error.request_id)
    return _problem(503, "The service cannot be reached at the moment. Please try again.")


async def _http_error(_request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return _problem(error.status_code, error.detail)
    raise error


def _problem(status: int, text: str) -> Response:
    return JSONResponse({"problem": text}, status)


class _Headers:
    """Sees to it that the page runs its own code and nothing else, whatever a flow writes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(part: Any) -> None:
            if part["type"] == "http.response.start":
                part["headers"] = [
                    *part["headers"],
                    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'"),
                    (b"referrer-policy", b"no-referrer"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(part)

        await self._app(scope, receive, send_with_headers)


def _pair(text: str) -> tuple[str, str]:
    name, equals, label = text.partition("=")
    if not name or not equals:
        message = f"{text!r} is not NAME=LABEL"
        raise argparse.ArgumentTypeError(message)
    return name, label


def main() -> None:
    """Serve the page."""
    parser = argparse.ArgumentParser(description="A page for the end users of one Live Flow.")
    parser.add_argument("flow", help="the flow's id, or the address of its page")
    parser.add_argument("--title", default="Live Flow", help="the page's heading")
    parser.add_argument(
        "--field",
        type=_pair,
        action="append",
        default=[],
        metavar="NAME=LABEL",
        help="an input of the session that the user is asked for",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    options = parser.parse_args()
    settings = Settings(options.flow, options.title, dict(options.field))
    # With a secret of its own the page can be restarted without its users noticing.
    if secret := os.environ.get("PAGE_SECRET"):
        settings.secret = secret.encode()
    uvicorn.run(create_app(settings), host=options.host, port=options.port, log_level="info")


if __name__ == "__main__":
    main()

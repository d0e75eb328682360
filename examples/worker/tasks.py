"""Sessions as tasks of a queue, handed from process to process.

    dramatiq tasks --processes 2 --threads 8

Beside the variables of the client, REDIS_URL says where the queue is, LIVE_FLOW which flow is run.
"""

from __future__ import annotations

import json
import os
from functools import cache

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Shutdown
from redis import Redis

from truestate_liveflow import (
    AnswerUnresolved,
    Client,
    InvalidRequestError,
    LiveSession,
    Prompt,
    PromptNoLongerOpenError,
    PromptRequested,
)

from checkpoints import RedisCheckpoints

URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
FLOW = os.environ["LIVE_FLOW"]
RESULTS = "live-flow:results"
# A session may wait for its user for a day.
DAY_MS = 24 * 60 * 60 * 1000
# How long after its last sign of life a worker counts as dead.
DEAD_AFTER_MS = int(os.environ.get("DEAD_AFTER_MS", "60000"))

# What a dead worker had is put back into the queue amid a command to Redis, at random: here amid
# every tenth, since long sessions make a quiet queue (dramatiq's thousandth is for busy ones).
MAINTENANCE_PER_MILLION = 100_000

broker = RedisBroker(  # type: ignore[no-untyped-call]
    url=URL, heartbeat_timeout=DEAD_AFTER_MS, maintenance_chance=MAINTENANCE_PER_MILLION
)
dramatiq.set_broker(broker)
redis = Redis.from_url(URL, decode_responses=True)
store = RedisCheckpoints(redis)


@cache
def client() -> Client:
    """Give this process's one client, made in the process that uses it."""
    return Client.from_env(checkpoint_store=store)


@dramatiq.actor(max_retries=0)
def begin(company: str) -> None:
    """Create a session, and leave it to whoever is free."""
    session = client().create_session(FLOW, {"company": company})
    follow.send(session.id)


@dramatiq.actor(max_retries=10, time_limit=DAY_MS, notify_shutdown=True)
def follow(session_id: str) -> None:
    """Go on with a session until its end, from its checkpoint if it has one."""
    kept = store.load(session_id)
    live = client().restore(kept.data) if kept else client().watch(FLOW, session_id)
    try:
        with live:
            for event in live.events():
                match event:
                    case PromptRequested(prompt):
                        give(live, prompt, answer(prompt.text))
                    case AnswerUnresolved(prompt, text):
                        # Looked for after a handover, and not found. Nobody else answers here.
                        give(live, prompt, text)
            session = live.wait()
    except Shutdown:
        follow.send(session_id)
        return
    result = {"status": session.status.value, "output": session.output}
    redis.hset(RESULTS, session_id, json.dumps(result, default=str))


def give(live: LiveSession, prompt: Prompt, text: str) -> None:
    """Answer a prompt, unless it has its answer."""
    try:
        live.answer(prompt, text)
    except PromptNoLongerOpenError:
        pass
    except InvalidRequestError as error:
        # After a handover: an earlier answer is being looked for. What came of it is told.
        if error.argument != "prompt":
            raise


def answer(question: str) -> str:
    """Answer for the user. Here you would look into your own data."""
    return "20000" if "budget" in question.lower() else "next month"

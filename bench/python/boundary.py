"""What crossing the boundary costs in Python, and what the hand-written layer adds to it."""

import json
import time

from load import FLOW, load, session_id
from truestate_liveflow import Client, PollingConfig
from truestate_liveflow._native import liveflow_ffi as ffi

LOAD = load()


def nanoseconds(count, **functions):
    """The CPU time of one call of each: they take turns, and the least disturbed turn counts."""
    best = dict.fromkeys(functions, float("inf"))
    for _ in range(30):
        for name, function in functions.items():
            begun = time.process_time_ns()
            for _ in range(count):
                function()
            best[name] = min(best[name], (time.process_time_ns() - begun) / count)
    return best


def pull_native(core):
    events = core.events()
    count = 0
    while events.take_event().is_event():
        count += 1
    return count


def pull(live, count):
    events = iter(live.events())
    for _ in range(count):
        next(events)


class NativeListener(ffi.SessionListener):
    def __init__(self):
        self.heard = 0

    def on_event(self, event):
        self.heard += 1


def listen_native(core, count):
    listener = NativeListener()
    subscription = core.subscribe(listener)
    while listener.heard < count:
        time.sleep(0.0005)
    subscription.cancel()


def listen(live, count):
    heard = []
    subscription = live.subscribe(heard.append)
    while len(heard) < count:
        time.sleep(0.0005)
    subscription.cancel()


def main():
    with Client(
        api_key="key",
        base_url=LOAD.base,
        polling=PollingConfig(running_min=3600, running_max=3600),
    ) as client:
        live = client.watch(FLOW, session_id(0))
        while live.snapshot() is None:
            time.sleep(0.01)
        core = live._core
        events = pull_native(core)
        calls = max(1, int(7_000 * LOAD.seconds))
        figures = nanoseconds(calls, empty=ffi.dropped_log_records)
        figures |= nanoseconds(calls // 10, call_native=core.checkpoint, call=live.checkpoint)
        figures |= nanoseconds(
            max(1, calls // 10 // events), session_native=core.snapshot, session=live.snapshot
        )
        told = nanoseconds(
            max(1, calls // 10 // events),
            pull_native=lambda: pull_native(core),
            pull=lambda: pull(live, events),
            callback_native=lambda: listen_native(core, events),
            callback=lambda: listen(live, events),
        )
        figures |= {name: each / events for name, each in told.items()}
    print(json.dumps({"events": events, **figures}))


main()

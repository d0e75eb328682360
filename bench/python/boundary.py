"""What crossing the boundary costs in Python, and what the hand-written layer adds to it."""

import json
import time

from load import FLOW, load, session_id
from truestate_liveflow import Client, PollingConfig
from truestate_liveflow._native import liveflow_ffi as ffi

LOAD = load()


def best(function, count, repeats=7):
    """Nanoseconds of one call: the best of several times, which is the one least disturbed."""
    times = []
    for _ in range(repeats):
        begun = time.perf_counter_ns()
        for _ in range(count):
            function()
        times.append((time.perf_counter_ns() - begun) / count)
    return min(times)


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
        time.sleep(0)
    subscription.cancel()


def listen(live, count):
    heard = []
    subscription = live.subscribe(heard.append)
    while len(heard) < count:
        time.sleep(0)
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
        core = live._core  # noqa: SLF001
        events = pull_native(core)
        calls = max(1, int(20_000 * LOAD.seconds))
        few = max(1, calls // 100)
        figures = {
            "events": events,
            "empty": best(ffi.dropped_log_records, calls),
            "call_native": best(core.id, calls),
            "call": best(lambda: live.id, calls),
            "pull_native": best(lambda: pull_native(core), few) / events,
            "pull": best(lambda: pull(live, events), few) / events,
            "callback_native": best(lambda: listen_native(core, events), few) / events,
            "callback": best(lambda: listen(live, events), few) / events,
            "session_native": best(core.snapshot, few),
            "session": best(live.snapshot, few),
        }
    print(json.dumps(figures))


main()

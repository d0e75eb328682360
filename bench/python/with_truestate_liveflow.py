"""This SDK's Python package: every session is watched, at one interval for all."""

import time

from load import FLOW, ask, load, measure, session_id
from truestate_liveflow import Client, PollingConfig

LOAD = load()


client = Client(
    api_key="key",
    base_url=LOAD.base,
    polling=PollingConfig(running_min=LOAD.interval, running_max=LOAD.interval, jitter=LOAD.jitter),
    requests_per_second=0,
    max_concurrent_requests=LOAD.connections,
)
watched = [client.watch(FLOW, session_id(number)) for number in range(LOAD.sessions)]
# Until each has been read, the first looks are still being spread.
while not all(live.snapshot() for live in watched):
    time.sleep(0.05)
measure(LOAD, lambda: ask(LOAD, "polls")["polls"])

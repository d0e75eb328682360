"""Answers every question of a session that does nothing but ask, through `run`."""

import json
import time

from load import FLOW, load
from truestate_liveflow import Client

LOAD = load()

with Client(api_key="key", base_url=LOAD.base, requests_per_second=0) as client:
    begun = time.perf_counter()
    client.run(FLOW, inputs={}, on_prompt=lambda _: "yes")
    took = time.perf_counter() - begun
print(json.dumps({"us_per_question": took * 1e6 / LOAD.questions}))

"""Nothing is left behind: no memory, no thread, no object on either side of the boundary."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support import Script, asking

if TYPE_CHECKING:
    from truestate_liveflow.testing import Simulator

ROUNDS = {
    "blocking": """
        def one_round():
            with Client.from_env(**fast()) as client:
                live = client.start(flow)
                subscription = live.subscribe(lambda event: None)
                for event in live.events():
                    if isinstance(event, PromptRequested):
                        live.answer(event.prompt, "x" * 1000)
                client.get_sessions(flow)
                assert len(list(client.iter_sessions(flow))) > 0
        """,
    "asyncio": """
        async def one_round_of_tasks():
            async with AsyncClient.from_env(**fast()) as client:
                live = await client.start(flow)
                live.subscribe(lambda event: None)
                async def impatient():
                    try:
                        return await asyncio.wait_for(live.next_event(), 0.002)
                    except asyncio.TimeoutError:
                        return ()
                while (event := await impatient()) is not None:
                    if isinstance(event, PromptRequested):
                        await live.answer(event.prompt, "x" * 1000)
        def one_round():
            asyncio.run(one_round_of_tasks())
        """,
    "given up": """
        class Keys:
            def headers(self, request): return {"Api-key": os.environ["TRUESTATE_API_KEY"]}
        def one_round():
            client = Client.from_env(**fast(), credentials=Keys())
            lives = [client.start(flow) for _ in range(3)]
            streams = [live.events() for live in lives]
            for stream in streams:
                next(stream)
        """,
}

MEASURE = """
import asyncio, gc, os, sys, threading, time, warnings
from support import fast
from truestate_liveflow import *
from truestate_liveflow._native import liveflow_ffi as ffi
warnings.simplefilter("ignore", ResourceWarning)
flow = sys.argv[1]

def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def settled():
    # What was let go of is let go of by other threads, a moment later.
    for _ in range(3):
        gc.collect()
        time.sleep(0.1)
    handles = len(ffi._UniffiFfiConverterTypeCredentialsProvider._handle_map)
    return memory(), len(gc.get_objects()), threading.active_count(), handles
"""

COMPARE = """
for _ in range(15):
    one_round()
before = settled()
for _ in range(60):
    one_round()
after = settled()
assert after[0] - before[0] < 4_000_000, (before, after)
assert after[1] - before[1] < 500, (before, after)
assert after[2:] == before[2:], (before, after)
"""


@pytest.mark.skipif("not __import__('sys').platform.startswith('linux')", reason="it reads /proc")
@pytest.mark.parametrize("what", ROUNDS)
def test_rounds_leave_nothing_behind(simulator: Simulator, what: str) -> None:
    rounds = "\n".join(line.removeprefix("        ") for line in ROUNDS[what].splitlines())
    assert Script(simulator, MEASURE + rounds + COMPARE, asking(simulator)).ended(100) == ""


MANY = """
import json
settings = {**fast(), "max_concurrent_requests": 64}
client, tasks_client = Client.from_env(**settings), AsyncClient.from_env(**settings)
loop = asyncio.new_event_loop()

def in_threads(count):
    def work():
        for _ in range(count // 4):
            assert client.run(flow, on_prompt=lambda prompt: "x").output == "x"
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

async def in_tasks(count):
    at_once = asyncio.Semaphore(50)
    async def followed(live):
        async for event in live.events():
            if isinstance(event, PromptRequested):
                await live.answer(event.prompt, "x")
    async def one(number):
        async with at_once:
            if number % 4 == 0:
                await tasks_client.run(flow, on_prompt=lambda prompt: "x")
                return
            live = await tasks_client.start(flow)
            if number % 4 == 1:
                await followed(live)
            elif number % 4 == 2:
                subscription = live.subscribe(lambda event: None)
                await followed(live)
            else:
                await live.next_event()
                live.close()
    await asyncio.gather(*(one(number) for number in range(count)))

def batch(count):
    in_threads(count // 4)
    loop.run_until_complete(in_tasks(count - count // 4))

for _ in sys.stdin:
    batch(int(sys.argv[2]))
    print(json.dumps(settled()), flush=True)
client.close()
tasks_client.close()
loop.close()
"""


@pytest.mark.skipif("not __import__('sys').platform.startswith('linux')", reason="it reads /proc")
def test_a_process_does_not_grow_with_its_sessions(
    simulator: Simulator, capsys: pytest.CaptureFixture[str], long: bool
) -> None:
    batches, sessions = (50, 2000) if long else (6, 100)
    flow = asking(simulator)
    script = Script(simulator, MEASURE + MANY, flow, str(sessions))
    measured = []
    for number in range(batches):
        script.say()
        line = script.wait_for_line()
        assert line, script.ended()
        measured.append(json.loads(line))
        # The service would grow: it keeps what it has seen.
        simulator.reset()
        assert asking(simulator, flow_id=flow) == flow
        if number % 10 == 9:
            with capsys.disabled():
                done = (number + 1) * sessions
                size = measured[-1][0] / 1e6
                print(f"\n{done} sessions: {size:.1f} MB")  # noqa: T201 - what a soak is for
    script.end_input()
    assert script.ended() == ""
    # What is allocated once is, by the time a third is done.
    before, after = measured[batches // 3], measured[-1]
    assert after[0] - before[0] < 4_000_000, measured
    assert after[1] - before[1] < 500, measured
    assert after[2:] == before[2:], measured

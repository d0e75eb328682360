"""The interpreter may exit at any moment, and the process may fork: always clean."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support import Script, asking, endless

if TYPE_CHECKING:
    from truestate_liveflow.testing import Simulator

AT_ONCE = 4
BATCHES, LONG_BATCHES = 1, 7

PREAMBLE = """
import asyncio, atexit, contextlib, gc, logging, os, sys, threading, time
from support import fast
from truestate_liveflow import *
flow, asking = sys.argv[1], sys.argv[2]
settings = fast()
"""

EXITS = {
    "amid polls, with nothing closed": """
        client = Client.from_env(**settings)
        lives = [client.start(flow) for _ in range(5)]
        time.sleep(0.05)
        """,
    "amid a listener that is called all the time": """
        client = Client.from_env(**settings)
        for _ in range(5):
            client.start(flow).subscribe(lambda event: time.sleep(0.001))
        time.sleep(0.05)
        """,
    "amid a listener that never returns": """
        client = Client.from_env(**settings)
        called = threading.Event()
        client.start(flow).subscribe(lambda event: (called.set(), time.sleep(600)))
        called.wait()
        """,
    "amid credentials, checkpoints and log records": """
        class Host:
            def headers(self, request): return {"Api-key": os.environ["TRUESTATE_API_KEY"]}
            def save(self, checkpoint): time.sleep(0.001)
            def load(self, session_id): return None
            def list(self): return []
            def delete(self, session_id): pass
        set_log_sink(lambda record: time.sleep(0.001), level="NOTSET")
        client = Client.from_env(**settings, credentials=Host(), checkpoint_store=Host())
        lives = [client.start(flow) for _ in range(5)]
        time.sleep(0.05)
        """,
    "amid a credentials provider that never returns": """
        class Host:
            def headers(self, request): called.set(); time.sleep(600)
        called = threading.Event()
        client = Client.from_env(**settings, credentials=Host())
        threading.Thread(target=lambda: client.get_sessions(flow), daemon=True).start()
        called.wait()
        """,
    "amid calls on other threads": """
        client = Client.from_env(**settings)
        live = client.start(flow)
        for work in (live.wait, lambda: list(live.events()), lambda: client.run(flow)):
            threading.Thread(target=work, daemon=True).start()
        time.sleep(0.05)
        """,
    "with several clients, some of them closed": """
        clients = [Client.from_env(**settings) for _ in range(6)]
        lives = [client.start(flow) for client in clients]
        lives[0].subscribe(lambda event: clients[1].close())
        def run(client):
            with contextlib.suppress(ClosedError):
                client.run(flow)
        for client in clients[2:]:
            threading.Thread(target=run, args=(client,), daemon=True).start()
        clients[2].close()
        time.sleep(0.03)
        """,
    "from within run": """
        with Client.from_env(**settings) as client:
            client.run(asking, on_prompt=lambda prompt: sys.exit())
        """,
    "from within run of an AsyncClient": """
        async def main():
            client = AsyncClient.from_env(**settings)
            others = [asyncio.create_task(client.run(flow)) for _ in range(5)]
            async def leave(prompt):
                sys.exit()
            await client.run(asking, on_prompt=leave)
        asyncio.run(main())
        """,
    "with an event loop on another thread": """
        async def main():
            client = AsyncClient.from_env(**settings)
            await asyncio.gather(*(client.run(flow) for _ in range(5)))
        threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
        time.sleep(0.1)
        """,
    "with subscriptions on a loop that was closed": """
        async def main():
            client = AsyncClient.from_env(**settings)
            live = await client.start(flow)
            live.subscribe(lambda event: None)
            await asyncio.sleep(0.03)
        asyncio.run(main())
        """,
    "using the client while exiting": """
        def late():
            try:
                client.get_sessions(flow)
            except ClosedError:
                return
            raise SystemExit("a client worked after the end")
        client = None
        import truestate_liveflow
        atexit.unregister(truestate_liveflow._lifecycle._exit)
        atexit.register(late)
        atexit.register(truestate_liveflow._lifecycle._exit)
        client = Client.from_env(**settings)
        live = client.start(flow)
        """,
}

FORKS = {
    "the child says what to do instead of using the parent's client": """
        client = Client.from_env(**settings)
        live = client.start(asking)
        events = live.events()
        prompt = next(event.prompt for event in events if isinstance(event, PromptRequested))
        child = os.fork()
        if child == 0:
            calls = [
                lambda: client.get_sessions(flow),
                lambda: client.start(flow),
                lambda: client.run(flow),
                lambda: client.suspend(),
                lambda: live.wait(),
                lambda: live.snapshot(),
                lambda: live.events(),
                lambda: live.answer(prompt, "x"),
                lambda: live.next_event(),
                lambda: live.checkpoint(),
                lambda: live.poll_now(),
                lambda: next(events),
                lambda: live.subscribe(print),
            ]
            for call in calls:
                try:
                    call()
                except ClosedError as error:
                    assert "create a new client in the child" in str(error), error
                else:
                    raise SystemExit("a call worked that cannot")
            live.close()
            client.close()
        else:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            live.answer(prompt, "from the parent")
            assert live.wait(10).output == "from the parent"
        """,
    "a new client in the child works, and so does the parent's": """
        client = Client.from_env(**settings)
        live = client.start(flow)
        child = os.fork()
        with Client.from_env(**settings) as new:
            assert new.run(asking, on_prompt=lambda prompt: "yes").output == "yes"
        if child:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert client.get_session(flow, live.id).id == live.id
        """,
    "the child drops what it inherited": """
        client = Client.from_env(**settings)
        lives = [client.start(flow) for _ in range(3)]
        subscriptions = [live.subscribe(lambda event: None) for live in lives]
        child = os.fork()
        if child == 0:
            del client, lives, subscriptions
            gc.collect()
        else:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert lives[0].snapshot() is not None
        """,
    "amid records, listeners and calls on other threads": """
        set_log_sink(lambda record: None, level="NOTSET")
        client = Client.from_env(**settings)
        for _ in range(3):
            client.start(flow).subscribe(lambda event: None)
            threading.Thread(target=lambda: client.run(flow), daemon=True).start()
        time.sleep(0.03)
        child = os.fork()
        if child == 0:
            with Client.from_env(**settings) as new:
                new.get_sessions(flow)
            sys.exit()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        """,
    "multiprocessing": """
        import multiprocessing
        def work(number):
            with Client.from_env(**settings) as client:
                return client.run(asking, on_prompt=lambda prompt: str(number)).output
        client = Client.from_env(**settings)
        live = client.start(flow)
        with multiprocessing.get_context("fork").Pool(3) as pool:
            assert pool.map(work, range(6)) == [str(number) for number in range(6)]
        """,
    "multiprocessing that spawns": """
        import multiprocessing
        from support import answered
        client = Client.from_env(**settings)
        live = client.start(flow)
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            jobs = [(asking, str(number)) for number in range(4)]
            assert pool.starmap(answered, jobs) == [answer for _, answer in jobs]
        """,
    "a pool whose processes are ended amid their runs": """
        from concurrent.futures import ProcessPoolExecutor
        import multiprocessing
        from support import answered
        client = Client.from_env(**settings)
        client.get_sessions(flow)
        fork = multiprocessing.get_context("fork")
        children = [fork.Process(target=answered, args=(flow, "")) for _ in range(3)]
        for child in children:
            child.start()
        time.sleep(0.05)
        for child in children:
            child.terminate()
            child.join()
            assert child.exitcode == -15, child.exitcode
        with ProcessPoolExecutor(2, mp_context=fork) as pool:
            assert list(pool.map(answered, [asking] * 2, "ab")) == ["a", "b"]
        assert client.run(asking, on_prompt=lambda prompt: "c").output == "c"
        """,
    "the child has a child": """
        client = Client.from_env(**settings)
        client.get_sessions(flow)
        for generation in range(3):
            child = os.fork()
            if child:
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
                break
            with Client.from_env(**settings) as new:
                new.get_sessions(flow)
        """,
}


def many_times(simulator: Simulator, code: str, *, long: bool) -> None:
    arguments = endless(simulator), asking(simulator)
    lines = [line.removeprefix("        ") for line in code.splitlines()]
    program = PREAMBLE + "\n".join(lines)
    for _ in range(LONG_BATCHES if long else BATCHES):
        scripts = [Script(simulator, program, *arguments) for _ in range(AT_ONCE)]
        for script in scripts:
            assert script.ended() == ""


@pytest.mark.parametrize("how", EXITS)
def test_exit(simulator: Simulator, how: str, long: bool) -> None:
    many_times(simulator, EXITS[how], long=long)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.parametrize("how", FORKS)
# Interpreters from 3.12 warn of any fork beside threads; these are what is tested.
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork(simulator: Simulator, how: str, long: bool) -> None:
    quiet = "import warnings\nwarnings.simplefilter('ignore')"
    many_times(simulator, quiet + FORKS[how], long=long)

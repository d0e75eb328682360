"""Everything that one scenario has in play: its service, clients, watches, consumers and names."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from . import configuration
from .failure import ScenarioFailed, invalid
from .host import Stores
from .pattern import Names
from .service import LOOK_EVERY, STANDSTILL

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import truestate_liveflow as sdk

    from .consumer import Consumer
    from .reading import Action, Scenario
    from .service import Service
    from .surface import Client, Flavour, Watch

T = TypeVar("T")

MAIN = "main"


@dataclass(frozen=True)
class Here:
    """The event that is reacted to."""

    watch: str | None = None
    prompt: sdk.Prompt | None = None


class Performer(Protocol):
    """Carries an action out, and compares what came of it."""

    async def __call__(self, stage: Stage, action: Action, here: Here) -> None:
        """Carry it out."""


class Stage:
    """One scenario being played with one flavour of client."""

    def __init__(
        self, scenario: Scenario, service: Service, flavour: Flavour, performer: Performer
    ) -> None:
        self._performer = performer
        self.scenario = scenario
        self.service = service
        self.flavour = flavour
        self.loop = asyncio.get_running_loop()
        self.flow = ""
        self.sessions: dict[str, str | None] = {}
        """Session ids by name; `None` is the newest session when the name is first needed."""
        self.clients: dict[str, Client] = {}
        self.watches: dict[str, Watch] = {}
        self.clients_of: dict[str, str] = {}
        """The client's name of each watch."""
        self.consumers: dict[str, Consumer] = {}
        self.checkpoints: dict[str, str] = {}
        self.marks: dict[str, int] = {}
        self.secrets = [service.api_key]
        self.shown: list[dict[str, Any]] = []
        """Results and errors of actions, for the rules that look at everything that was shown."""
        self.failed: asyncio.Future[None] = self.loop.create_future()
        """Raises the first failure of anything that runs beside the script."""
        self._stores = Stores()
        self._background: dict[str, list[asyncio.Task[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def set_up(self) -> None:
        """Set the service up, its sessions, and the client `main`."""
        self.flow = await self.service.put_flow(self.scenario["flow"])
        # Sessions go only as far as they are brought.
        await self.service.control("PUT", "clock", {"speed": STANDSTILL})
        for session in self.scenario.get("sessions", ()):
            for _ in range(session.get("count", 1)):
                session_id = await self.service.prepare(self.flow, session)
                if "count" not in session:
                    self.name(self.sessions, session.get("name", MAIN), session_id)
        simulator = self.scenario.get("simulator", {})
        await self.service.control("PUT", "clock", {"speed": simulator.get("speed", 1)})
        await self.service.control("PUT", "settings", simulator.get("settings", {}))
        await self.add_faults(simulator.get("faults", []))
        await self.service.control("DELETE", "journal")
        self.new_client(MAIN, {})

    def new_client(self, name: str, config: dict[str, Any]) -> None:
        """Make a client. What the SDK raises is raised."""
        layered = configuration.layered(self.scenario.get("client", {}), config)
        self.secrets += configuration.secrets(layered)
        key, settings = configuration.for_service(
            layered, self.service.base_url, self.service.api_key, self._stores
        )
        client = self.flavour.client(key, settings)
        self.name(self.clients, name, client)

    async def add_faults(self, faults: list[dict[str, Any]]) -> None:
        """Add fault rules, with names of sessions in place of their ids."""
        rules = [
            {**rule, "session": await self.session(rule["session"])} if "session" in rule else rule
            for rule in faults
        ]
        await self.service.control("POST", "faults", rules)

    # Actions.

    async def perform(self, action: Action, here: Here) -> None:
        """Carry out an action, or start it where it is to run in the background."""
        # `join` names what runs in the background; it does not run there itself.
        if "background" in action and action["action"] != "join":
            self.start(action, here)
        else:
            await self._performer(self, action, here)

    def start(self, action: Action, here: Here) -> None:
        """Start an action in the background."""
        self.beside(self._performer(self, action, here), action["background"])

    # Names.

    def name(self, names: dict[str, T], name: str, value: T) -> None:
        """Give a name, once."""
        if name in names:
            raise invalid(f"the name {name!r} is given twice")
        names[name] = value

    def named(self, names: dict[str, T], name: str) -> T:
        """Give what has this name."""
        if name not in names:
            raise invalid(f"there is nothing called {name!r} (yet)")
        return names[name]

    async def session(self, name: str) -> str:
        """Give the id of the session of this name."""
        while (known := self.named(self.sessions, name)) is None:
            sessions = (await self.service.journal())["sessions"]
            if sessions:
                self.sessions[name] = sessions[-1]["id"]
            else:
                await asyncio.sleep(LOOK_EVERY)
        return known

    async def names(self) -> Names:
        """Give the names that patterns may use."""
        known: dict[str, str] = {}
        for name in list(self.sessions):
            try:
                known[name] = await asyncio.wait_for(self.session(name), LOOK_EVERY * 20)
            except asyncio.TimeoutError:  # a `run` that never created its session
                continue
        return Names(known, self.flow)

    # What runs beside the script.

    def beside(self, work: Coroutine[Any, Any, None], name: str | None = None) -> None:
        """Have work done beside the script; its failure is the scenario's."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        if name is not None:
            self._background.setdefault(name, []).append(task)
        task.add_done_callback(self._is_done)

    def _is_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """Fail the scenario, unless it has failed already."""
        if not self.failed.done():
            self.failed.set_exception(error)

    async def join(self, name: str | None = None) -> None:
        """Wait for what was begun under this name so far; under any name, without one."""
        if name is not None and name not in self._background:
            raise invalid(f"nothing runs in the background as {name!r}")
        wanted = [name] if name is not None else list(self._background)
        tasks = [task for each in wanted for task in self._background[each]]
        if tasks:
            await asyncio.wait(tasks)

    async def abort(self) -> None:
        """End everything that still runs beside the script."""
        for client in self.clients.values():
            client.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._stores.clear()
        if self.failed.done() and not self.failed.cancelled():
            self.failed.exception()


def as_failure(error: BaseException) -> ScenarioFailed:
    """Give the failure that an error of the player itself amounts to."""
    if isinstance(error, ScenarioFailed):
        return error
    return invalid(f"the player: {type(error).__name__}: {error}")

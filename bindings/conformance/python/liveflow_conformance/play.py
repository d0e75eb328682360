"""Playing one scenario with one flavour of client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from . import service
from .failure import Reason, ScenarioFailed
from .judge import brief, judge
from .perform import perform
from .stage import Here, Stage, as_failure

if TYPE_CHECKING:
    from .reading import Scenario
    from .surface import Flavour

_AFTERMATH_S: Final = 0.1
"""How long after the clients were closed the journal is read."""


async def play(scenario: Scenario, flavour: Flavour) -> None:
    """Play a scenario; raises `ScenarioFailed`."""
    async with service.running() as simulator:
        stage = Stage(scenario, simulator, flavour, perform)
        try:
            await stage.set_up()
            await _within_its_time(stage)
            for client in stage.clients.values():
                client.close()
            await asyncio.sleep(_AFTERMATH_S)
            await judge(stage)
        except Exception as error:  # noqa: BLE001 - a mistake of the player fails its scenario only
            failure = as_failure(error)
            raise failure from (None if failure is error else error)
        finally:
            await stage.abort()


async def _within_its_time(stage: Stage) -> None:
    limit = stage.scenario.get("time_limit_ms", 20_000)
    everything = asyncio.ensure_future(_everything(stage))
    await asyncio.wait(
        {everything, stage.failed}, timeout=limit / 1000, return_when=asyncio.FIRST_COMPLETED
    )
    if stage.failed.done() or everything.done():
        everything.cancel()
        await (stage.failed if stage.failed.done() else everything)
        return
    everything.cancel()
    lines = [f"over after {limit} ms; until then"]
    for name, consumer in stage.consumers.items():
        end = "has ended" if consumer.has_ended else "has not ended"
        lines.append(f"  {name} ({end}) was told")
        lines += [f"    {brief(event)}" for event in consumer.events]
    raise ScenarioFailed(Reason.TIME_LIMIT, "\n".join(lines))


async def _everything(stage: Stage) -> None:
    """Go through the script, then await what runs beside it."""
    for action in stage.scenario["script"]:
        await stage.perform(action, Here())
    await stage.join()
    for consumer in list(stage.consumers.values()):
        while not consumer.has_ended:
            await asyncio.sleep(service.LOOK_EVERY)
    # What a reaction to the very last event has started.
    await stage.join()

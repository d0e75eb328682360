"""What all tests share: one real simulator, and clients of it that do not dawdle."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from support import Twin
from truestate_liveflow.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

# In the background of a shell Ctrl-C is ignored, and would be in what the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Requests to this machine go to this machine, whatever proxy the environment names.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long",
        action="store_true",
        help="repeat what is about processes and growth as often as `scripts/soak --python` does",
    )


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Whether to prove it at length, instead of in a moment."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def one_simulator() -> Iterator[Simulator]:
    with Simulator(speed=100) as simulator:
        yield simulator


@pytest.fixture
def simulator(one_simulator: Simulator) -> Simulator:
    one_simulator.reset()
    return one_simulator


@pytest.fixture(params=["Client", "AsyncClient"])
def twin(request: pytest.FixtureRequest, simulator: Simulator) -> Iterator[Twin]:
    """Each of the two clients in turn: what is promised of one is promised of the other."""
    with Twin(simulator, is_async=request.param == "AsyncClient") as twin:
        yield twin

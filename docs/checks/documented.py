"""Runs the pages' Python against a simulator, at a terminal where somebody answers each question.

A pytest plugin, beside pytest-markdown-docs, which finds the code.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

import pytest

from truestate_liveflow.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def service() -> Iterator[Simulator]:
    """Start the one service that all pages talk to."""
    with Simulator(speed=200) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def at_the_terminal(service: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Set up what the pages take for granted: the environment, and somebody who types."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRUESTATE_HOST", service.base_url)
    monkeypatch.setenv("TRUESTATE_API_KEY", service.api_key)
    monkeypatch.setattr(builtins, "input", lambda _prompt="": "20000")

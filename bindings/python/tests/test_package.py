"""What is installed beside the code."""

from __future__ import annotations

import re
from importlib import metadata

import truestate_liveflow

NAME = "truestate-liveflow"


def test_it_brings_its_types_and_its_licences() -> None:
    names = {path.name for path in metadata.files(NAME) or ()}
    assert {"py.typed", "LICENSE-MIT", "LICENSE-APACHE"} <= names


def test_it_depends_on_nothing() -> None:
    assert [need for need in metadata.requires(NAME) or () if "extra ==" not in need] == []


def test_it_knows_its_version() -> None:
    assert truestate_liveflow.__version__ == metadata.version(NAME)
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", truestate_liveflow.__version__)


def test_the_wheel_is_for_any_python_on_this_platform() -> None:
    wheel = metadata.distribution(NAME).read_text("WHEEL") or ""
    assert re.search(r"^Tag: py3-none-(?!any)\S+$", wheel, re.MULTILINE)


def test_whatever_comes_with_a_star_is_documented() -> None:
    for name in truestate_liveflow.__all__:
        assert getattr(truestate_liveflow, name).__doc__, name

"""What is installed beside the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path
from typing import get_origin

import pytest

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
        value = getattr(truestate_liveflow, name)
        # What stands below the name of a composed type belongs to the name, not to the type.
        assert value.__doc__ or get_origin(value), name


def fresh(code: str) -> None:
    """Run it in an interpreter that has imported nothing yet."""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_it_loads_nothing_that_takes_long() -> None:
    heavy = "'asyncio', 'ctypes', 'typing', 'truestate_liveflow.client'"
    fresh(f"import sys, truestate_liveflow; assert not {{{heavy}}} & {{*sys.modules}}")


def test_every_name_is_where_the_type_checkers_find_it() -> None:
    tree = ast.parse(Path(truestate_liveflow.__file__).read_text(encoding="utf-8"))
    for_checkers = next(node for node in tree.body if isinstance(node, ast.If)).body
    homes = {
        alias.name: node.module
        for node in for_checkers
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(homes) == sorted(truestate_liveflow.__all__)
    for name, home in homes.items():
        module = import_module(f"truestate_liveflow.{home}")
        assert getattr(truestate_liveflow, name) is getattr(module, name), name


def test_every_name_is_there_before_anything_was_asked_for() -> None:
    fresh("import truestate_liveflow as t; assert {*t.__all__} <= {*dir(t)}; t.errors.ClosedError")
    fresh("from truestate_liveflow import *; assert issubclass(ClosedError, LiveFlowError)")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"truestate_liveflow.*no attribute 'Klient'"):
        truestate_liveflow.Klient  # type: ignore[attr-defined]  # noqa: B018

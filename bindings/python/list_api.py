"""Prints the public API of the installed package, one line for each thing that a user can name."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
import typing
from typing import TYPE_CHECKING, Protocol

import truestate_liveflow
from truestate_liveflow import testing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

# What these define is everybody's, not ours.
FOREIGN = (object, BaseException, Exception, dict, tuple, enum.Enum, enum.IntEnum)
# What a user calls without its name.
SPOKEN = {"__init__", "__enter__", "__aenter__", "__iter__", "__aiter__"}


def module(it: ModuleType) -> Iterator[str]:
    """List what can be imported from it."""
    names = getattr(it, "__all__", None) or [
        name
        for name, value in vars(it).items()
        if not name.startswith("_")
        and getattr(value, "__module__", it.__name__) == it.__name__
        and not inspect.ismodule(value)
        and value is not typing.TYPE_CHECKING
    ]
    for name in sorted(names):
        value = getattr(it, name)
        full = f"{it.__name__}.{name}"
        if inspect.isclass(value):
            yield from a_class(full, value)
        elif inspect.isfunction(value):
            yield f"{full}{signature(value)}"
        elif name == "__version__":
            yield f"{full}: str"
        else:
            shown = re.sub(r"truestate_liveflow\.\w+\.", "", repr(value))
            yield f"{full} = {shown}"


def a_class(full: str, it: type) -> Iterator[str]:
    """List a class, what it is, and its members."""
    named = (base for base in it.__bases__ if base is not object and "._" not in base.__module__)
    bases = ", ".join(base.__qualname__ for base in named)
    kind = "class"
    if dataclasses.is_dataclass(it):
        frozen = inspect.getattr_static(it, "__dataclass_params__").frozen
        kind = "frozen dataclass" if frozen else "dataclass"
    if typing.is_typeddict(it):
        kind, bases = "TypedDict", ""
    yield f"{kind} {full}({bases})"
    if issubclass(it, enum.Enum):
        for member in it:
            yield f"{full}.{member.name} = {member.value!r}"
    for name, annotation in sorted(inspect.get_annotations(it).items()):
        if not name.startswith("_"):
            yield f"{full}.{name}: {getattr(annotation, '__forward_arg__', annotation)}"
    for name in sorted(dir(it)):
        yield from member_of(full, it, name)


def member_of(full: str, it: type, name: str) -> Iterator[str]:
    """List one that is its own or a base's of ours."""
    own = next((base for base in it.__mro__ if name in vars(base)), object)
    if own in FOREIGN or not own.__module__.startswith("truestate_liveflow"):
        return
    if name.startswith("_") and name not in SPOKEN:
        return
    if name == "__init__" and Protocol in it.__bases__:
        return
    value = inspect.getattr_static(it, name)
    if isinstance(value, property):
        given = signature(value.fget) if value.fget else ""
        yield f"{full}.{name} (property){given.removeprefix('(self)')}"
    elif isinstance(value, (staticmethod, classmethod)):
        yield f"{full}.{name}{signature(value.__func__)} ({type(value).__name__})"
    elif inspect.isfunction(value):
        sort = "async " if inspect.iscoroutinefunction(value) else ""
        yield f"{sort}{full}.{name}{signature(value)}"


def signature(function: Callable[..., object]) -> str:
    """Give it as it is written: annotations are texts, and shown without their quotes."""
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(function)))


if __name__ == "__main__":
    for it in (truestate_liveflow, testing):
        for line in module(it):
            print(line)

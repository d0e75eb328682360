"""Whether what a consumer was told fits a list of patterns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from .pattern import Bound, Names, fits


class Count(Enum):
    """How many events an item takes."""

    ONE = "one"
    OPTIONAL = "optional"
    ANY_NUMBER_OF = "any_number_of"


Item = tuple[Count, Any]


def items(consumer: dict[str, Any]) -> list[Item]:
    """Give the items of a consumer's expectation, with others in between where they may be."""
    if "exactly" in consumer:
        return [_item(written) for written in consumer["exactly"]]
    anything: Item = (Count.ANY_NUMBER_OF, {})
    wide = [anything]
    for written in consumer["in_order"]:
        wide += [_item(written), anything]
    return wide


def _item(written: dict[str, Any]) -> Item:
    for count in (Count.OPTIONAL, Count.ANY_NUMBER_OF):
        if count.value in written:
            return count, written[count.value]
    return Count.ONE, written


@dataclass
class Search:
    """A search for a way to fit all events to all items."""

    items: list[Item]
    events: list[dict[str, Any]]
    names: Names
    best: int = 0
    """How many events fit, in the best try."""

    def succeeds(self, item: int = 0, event: int = 0, bound: Bound | None = None) -> bool:
        """Whether there is a way from here on."""
        bound = {} if bound is None else bound
        self.best = max(self.best, event)
        if item == len(self.items):
            return event == len(self.events)
        count, pattern = self.items[item]
        if count is Count.ANY_NUMBER_OF and self.succeeds(item + 1, event, bound):
            return True
        taken = dict(bound)
        if event < len(self.events) and fits(pattern, self.events[event], self.names, taken):
            following = item if count is Count.ANY_NUMBER_OF else item + 1
            if self.succeeds(following, event + 1, taken):
                return True
        return count is Count.OPTIONAL and self.succeeds(item + 1, event, bound)

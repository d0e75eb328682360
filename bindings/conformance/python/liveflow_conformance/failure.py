"""Why a scenario failed."""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """The reasons that the format knows, in its own words."""

    INVALID = "invalid"
    ACTION = "action"
    TIME_LIMIT = "time_limit"
    RULE = "rule"
    CONSUMERS = "consumers"
    SESSIONS = "sessions"
    REQUESTS = "requests"


class ScenarioFailed(Exception):  # noqa: N818 - it is what happened, and no mistake of the player
    """A scenario failed: the reason, and what a person needs to see."""

    def __init__(self, reason: Reason, report: str) -> None:
        super().__init__(f"{reason.value}: {report}")
        self.reason = reason
        self.report = report


def invalid(report: str) -> ScenarioFailed:
    """Make the failure of a scenario that cannot be played."""
    return ScenarioFailed(Reason.INVALID, report)


class Raised(Exception):  # noqa: N818 - it stands for any exception of an application
    """What the action `raise` raises."""

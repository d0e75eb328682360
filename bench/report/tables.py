"""Tables and goals, as Markdown that is also fine to read at a terminal."""

from dataclasses import dataclass, field


@dataclass
class Goal:
    """One goal of a topic, and what was measured."""

    text: str
    measured: str
    met: bool

    def line(self) -> str:
        return f"- {'met' if self.met else '**missed**'}: {self.text}: {self.measured}"


@dataclass
class Table:
    """One table: the first column names the row."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        self.rows.append([str(cell) for cell in cells])

    def text(self) -> str:
        every = [self.columns, *self.rows]
        widths = [max(len(row[n]) for row in every) for n in range(len(self.columns))]

        def line(row: list[str]) -> str:
            first, *others = (
                cell.ljust(width) if not n else cell.rjust(width)
                for n, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            return "| " + " | ".join([first, *others]) + " |"

        rule = "|" + "|".join("-" * (w + 1) + ("-" if not n else ":") for n, w in enumerate(widths)) + "|"
        return "\n".join([f"**{self.title}**", "", line(self.columns), rule, *map(line, self.rows), *self.notes_])

    @property
    def notes_(self) -> list[str]:
        return ["", *self.notes] if self.notes else []


@dataclass
class Topic:
    """What one topic measured."""

    title: str
    tables: list[Table]
    goals: list[Goal]

    def text(self) -> str:
        parts = [f"## {self.title}", *(table.text() for table in self.tables)]
        if self.goals:
            parts.append("Goals:\n\n" + "\n".join(goal.line() for goal in self.goals))
        return "\n\n".join(parts) + "\n"


def times(of: float, what: float) -> str:
    """A ratio, readable on both sides of one."""
    ratio = of / what
    return f"{ratio:.2f} ×" if ratio < 10 else f"{ratio:.0f} ×"


def duration(seconds: float) -> str:
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            value = seconds / size
            return f"{value:.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def size(count: float) -> str:
    for unit, each in (("MB", 1e6), ("KB", 1e3)):
        if abs(count) >= each:
            return f"{count / each:.2f} {unit}"
    return f"{count:.0f} B"

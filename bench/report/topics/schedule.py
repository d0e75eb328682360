"""Polls spent against delay seen."""

from drivers import Effort, client, rust
from tables import Goal, Table, Topic, duration, times

BANDS = [("tool", "tools"), ("llm", "LLM calls"), ("long", "a minute to an hour")]


def measure(_: Effort) -> Topic:
    figures = client(rust("schedule"))
    shipped, matched, optimum, *_rest = figures["rows"]

    title = f"{figures['sessions']} sessions, {figures['changes']:,} changes, all steps but questions"
    whole = Table(
        title,
        ["", "polls, to shipped", "polls a change", "mean delay", "p50", "p95", "p95 of delay / duration, over 4 s"],
    )
    base = shipped["automatic"]
    for row in figures["rows"]:
        all_ = row["automatic"]
        whole.add(
            row["name"],
            times(all_["looks"], base["looks"]),
            f"{all_['looks_per_change']:.2f}",
            *(duration(all_[part]) for part in ("mean", "p50", "p95")),
            f"{row['share_p95_over_4_s']:.0%}",
        )
    tables = [whole, *(band(figures, name, words) for name, words in BANDS), human(figures)]

    long_, with_human = (
        matched["bands"]["long"]["looks"] / shipped["bands"]["long"]["looks"],
        matched["with_human"]["looks"] / shipped["with_human"]["looks"],
    )
    all_ = matched["automatic"]["looks"] / base["looks"]
    share, optimal = shipped["share_p95_over_4_s"], base["looks"] / optimum["automatic"]["looks"]
    goals = [
        Goal("fewer polls than the fixed interval of the same mean delay", f"1 / {all_:.2f} of them", all_ > 1),
        Goal("half of them where a step lasts over a minute", f"1 / {long_:.2f}", long_ >= 2),
        Goal("a twentieth with human answers counted in", f"1 / {with_human:.1f}", with_human >= 20),
        Goal("for steps over 4 s, p95 of delay / duration at most 25 %", f"{share:.0%}", share <= 0.25),
        Goal("within 1.3 × of the optimum's polls", f"{optimal:.2f} ×", optimal <= 1.3),
    ]
    return Topic("Polls spent against delay seen", tables, goals)


def band(figures: dict, name: str, words: str) -> Table:
    table = Table(
        f"Steps: {words}",
        ["", "polls, to shipped", "polls a change", "mean delay", "p50", "p95", "p50 of delay / duration", "p95"],
    )
    base = figures["rows"][0]["bands"][name]
    for row in figures["rows"]:
        of = row["bands"][name]
        table.add(
            row["name"],
            times(of["looks"], base["looks"]),
            f"{of['looks_per_change']:.2f}",
            *(duration(of[part]) for part in ("mean", "p50", "p95")),
            f"{of['share_p50']:.0%}",
            f"{of['share_p95']:.0%}",
        )
    return table


def human(figures: dict) -> Table:
    table = Table(
        "Questions, answered after 5 s to a day through the client itself",
        ["", "polls, to shipped", "polls a question", "all polls, to shipped"],
        notes=["The client knows its own answer at once, so polls in between find nothing, whoever makes them."],
    )
    base = figures["rows"][0]
    for row in figures["rows"]:
        of = row["bands"]["human"]
        table.add(
            row["name"],
            times(of["looks"], base["bands"]["human"]["looks"]),
            f"{of['looks_per_change']:,.0f}",
            times(row["with_human"]["looks"], base["with_human"]["looks"]),
        )
    return table

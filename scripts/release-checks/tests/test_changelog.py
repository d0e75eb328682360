from __future__ import annotations

import pytest
from changelog import ChangelogError, section

OLD = "## 0.1.0 - 2026-01-01\n\n- the first\n"


def test_the_newest_section_is_what_is_said() -> None:
    text = f"# Changelog\n\n## 0.2.0 - 2026-02-01\n\n### Added\n- this\n\n{OLD}"
    assert section(text, "0.2.0") == "### Added\n- this"


def test_before_the_release_it_is_called_unreleased() -> None:
    assert section(f"# Changelog\n\n## Unreleased\n- this\n\n{OLD}", "0.2.0") == "- this"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# Changelog\n", "nothing"),
        (OLD, "0.1.0, not 0.2.0"),
        (f"## Unreleased\n\n### Added\n\n{OLD}", "says nothing"),
        (f"## Unreleased\n- more\n\n## 0.2.0\n- this\n\n{OLD}", "released already"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, why: str) -> None:
    with pytest.raises(ChangelogError, match=why):
        section(text, "0.2.0")

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from versions import problems, version_of, written

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy the files that a version is written in."""
    names = {place.file for place in written(ROOT)}
    names |= {Path("bindings/python/pyproject.toml"), Path("simulator/pyproject.toml")}
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_this_checkout_agrees(checkout: Path) -> None:
    assert problems(checkout) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("bindings/kotlin/pom.xml", "<version>{}</version>", "<version>9.9.9</version>"),
        ("bindings/kotlin/testing/pom.xml", "<version>{}</version>", "<version>9.9.9</version>"),
        ("examples/kotlin/console/pom.xml", "<version>{}</version>", "<version>9.9.9</version>"),
        ("docs/kotlin.md", "io.truestate:liveflow:{}", "io.truestate:liveflow:9.9.9"),
        ("docs/kotlin.md", "<version>{}</version>", "<version>9.9.9</version>"),
        ("Cargo.toml", 'path = "core", version = "{}"', 'path = "core", version = "9.9.9"'),
        (
            "Cargo.lock",
            'name = "liveflow-cli"\nversion = "{}"',
            'name = "liveflow-cli"\nversion = "9.9.9"',
        ),
    ],
)
def test_another_version_is_found_and_placed(checkout: Path, file: str, old: str, new: str) -> None:
    text = (checkout / file).read_text("utf-8")
    wanted = old.format(version_of(checkout))
    assert wanted in text
    (checkout / file).write_text(text.replace(wanted, new, 1), "utf-8")
    (problem,) = problems(checkout)
    assert problem.startswith(f"{file}:")
    assert "9.9.9" in problem


def test_a_new_version_in_one_place_is_missed_in_all_others(checkout: Path) -> None:
    manifest = checkout / "Cargo.toml"
    manifest.write_text(manifest.read_text("utf-8").replace(version_of(checkout), "9.9.9", 1))
    assert len(problems(checkout)) == len(list(written(checkout)))


def test_a_version_of_its_own_is_refused_in_a_python_package(checkout: Path) -> None:
    project = checkout / "bindings/python/pyproject.toml"
    text = project.read_text("utf-8").replace('dynamic = ["version"]', 'version = "0.1.0"')
    project.write_text(text, "utf-8")
    assert problems(checkout) == [
        "bindings/python/pyproject.toml does not take its version from Cargo.toml"
    ]

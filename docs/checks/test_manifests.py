"""What the pages say of a checkout's packages is so."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_crates_are_where_rusts_page_says() -> None:
    page = (ROOT / "docs" / "rust.md").read_text("utf-8")
    named = re.findall(r'^([\w-]+) = \{ path = "\.\./liveflow-sdk/(\w+)" \}$', page, re.MULTILINE)
    assert dict(named).keys() == {"liveflow", "liveflow-simulator"}
    for name, folder in named:
        manifest = (ROOT / folder / "Cargo.toml").read_text("utf-8")
        assert f'[package]\nname = "{name}"\n' in manifest


def test_the_package_is_where_swifts_page_says() -> None:
    page = (ROOT / "docs" / "swift.md").read_text("utf-8")
    (folder,) = re.findall(r'\.package\(path: "\.\./liveflow-sdk/([\w/]+)"\)', page)
    (product, package) = re.findall(r'\.product\(name: "(\w+)", package: "(\w+)"\)', page)[0]
    assert Path(folder).name == package
    manifest = (ROOT / folder / "Package.swift").read_text("utf-8")
    assert f'.library(name: "{product}"' in manifest

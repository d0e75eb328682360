from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from notices import NoNoticeError, notices
from sbom import sbom
from shipped import ROOT, Crate, shipped

if TYPE_CHECKING:
    from pathlib import Path

PUBLISHED = ["liveflow-ffi", "liveflow-simulator", "liveflow-cli"]


@pytest.mark.parametrize("package", PUBLISHED)
def test_what_is_inside_is_there_and_what_only_builds_or_tests_it_is_not(package: str) -> None:
    names = {crate.name for crate in shipped(package)}
    assert {package, "tokio", "serde_json"} <= names
    assert not {"serde_derive", "criterion", "uniffi_macros", "proptest"} & names


def test_the_library_is_without_the_simulator() -> None:
    names = {crate.name for crate in shipped("liveflow-ffi")}
    assert {"liveflow", "reqwest", "ring", "uniffi", "jni", "schannel"} <= names
    assert not {"liveflow-simulator", "axum", "clap"} & names


@pytest.mark.parametrize("package", PUBLISHED)
def test_every_crate_of_others_is_in_the_notices(package: str) -> None:
    crates = shipped(package)
    text = notices(crates)
    for crate in crates:
        assert (f"{crate.name} {crate.version} (" in text) == crate.published, crate
    assert str(ROOT) not in text
    assert text.count("TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION") <= 3


def test_who_wrote_it_is_named() -> None:
    text = notices(shipped("liveflow-ffi"))
    assert "Carl Lerche" in text
    assert "OpenSSL" in text or "BoringSSL" in text


def test_a_crate_without_a_licence_is_refused(tmp_path: Path) -> None:
    crate = Crate("strange", "1.0.0", "BSD-2-Clause", tmp_path, True, None, ())
    with pytest.raises(NoNoticeError, match=r"strange 1\.0\.0"):
        notices([crate])


def test_a_notice_is_quoted_even_under_the_apache_licence(tmp_path: Path) -> None:
    (tmp_path / "NOTICE").write_text("made by somebody\n", "utf-8")
    crate = Crate("kind", "1.0.0", "MIT OR Apache-2.0", tmp_path, True, None, ())
    assert "made by somebody" in notices([crate])


@pytest.mark.parametrize("package", PUBLISHED)
def test_the_sbom_is_a_valid_one_and_whole(package: str) -> None:
    crates = shipped(package)
    document = sbom(package, crates)
    text = json.dumps(document)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    known = {entry["ref"] for entry in document["dependencies"]}
    assert len(known) == len(crates) == 1 + len(document["components"])
    assert all(ref in known for entry in document["dependencies"] for ref in entry["dependsOn"])
    assert "file:" not in text
    assert str(ROOT) not in text

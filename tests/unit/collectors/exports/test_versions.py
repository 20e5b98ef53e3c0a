"""A billing period that AWS delivered again counts once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from collectors.exports.files import ExportFile, Found, Kind
from collectors.exports.versions import current


def kept(names: list[str], manifests: Mapping[str, object]) -> tuple[list[str], list[str]]:
    files = tuple(ExportFile(name, Path(name), Kind.CSV, "1") for name in names)
    found = current(Found(files), {name: json.dumps(body).encode() for name, body in manifests.items()})
    return [file.name for file in found.files], [flaw.place for flaw in found.flaws]


@pytest.mark.parametrize("above", ["", "report/", "copy/of/report/"])
def test_legacy_cur_reads_the_version_that_its_manifest_names(above: str) -> None:
    period = f"{above}20261001-20261101"
    files = [f"{period}/aaa/r-1.csv.gz", f"{period}/bbb/r-1.csv.gz", f"{above}20260901-20261001/ccc/r-1.csv.gz"]
    newest = {"reportKeys": ["prefix/report/20261001-20261101/bbb/r-1.csv.gz"]}
    older = {"reportKeys": ["prefix/report/20261001-20261101/aaa/r-1.csv.gz"]}
    manifests = {
        f"{period}/r-Manifest.json": newest,
        f"{period}/bbb/r-Manifest.json": newest,
        f"{period}/aaa/r-Manifest.json": older,
    }
    assert kept(files, manifests) == ([files[1], files[2]], [])


def test_data_exports_name_their_files_beside_them() -> None:
    files = ["data/BILLING_PERIOD=2026-10/f-1.csv.gz", "data/BILLING_PERIOD=2026-10/f-2.csv.gz"]
    manifest = {"dataFiles": ["s3://bucket/exports/focus/data/BILLING_PERIOD=2026-10/f-1.csv.gz"]}
    assert kept(files, {"metadata/BILLING_PERIOD=2026-10/Manifest.json": manifest}) == (files[:1], [])


def test_without_a_manifest_the_newest_delivery_of_a_period_holds() -> None:
    files = [
        f"data/BILLING_PERIOD=2026-{month}/{run}/f-1.csv.gz"
        for month, run in (("09", "2026-10-01T01-x"), ("10", "2026-10-02T01-a"), ("10", "2026-10-03T01-b"))
    ]
    assert kept(files, {})[0] == [files[0], files[2]]


def test_a_manifest_that_says_nothing_useful_hides_nothing() -> None:
    files = ["data/BILLING_PERIOD=2026-10/f-1.csv.gz"]
    assert kept(files, {"metadata/BILLING_PERIOD=2026-10/Manifest.json": {"dataFiles": ["s3://b/other.csv"]}}) == (
        files,
        ["data/BILLING_PERIOD=2026-10"],
    )
    assert kept(files, {"Manifest.json": [1]}) == (files, [])
    assert kept(files, {"Manifest.json": {"dataFiles": [None, 3]}}) == (files, [])


def test_a_manifest_that_is_no_json_is_named() -> None:
    found = current(Found((ExportFile("a.csv", Path("a.csv"), Kind.CSV, "1"),)), {"Manifest.json": b"{"})
    assert [flaw.place for flaw in found.flaws] == ["Manifest.json"]
    assert len(found.files) == 1

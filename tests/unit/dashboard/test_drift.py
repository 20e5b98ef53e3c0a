"""Drift on the page: the live alarms beside a folder of alarms as code, and the way back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alarms.live import live_of
from core.reading import Scope
from dashboard.views import alarm_list, alarm_roll, drift
from dashboard.views.alarm_list import Only, Wanted
from tests.pages.fakes import DR, NOW, PROD, FakeSources, documents
from tests.pages.rooms import alarm_arn

Document = dict[str, object]


def folder(path: Path, *alarms: Document) -> Path:
    (path / "alarms.json").write_text(json.dumps(list(alarms)), encoding="utf-8")
    return path


def written(name: str, **fields: object) -> Document:
    found = next(dict(each) for each in documents() if each["AlarmName"] == name)
    return {**found, **fields}


def roll() -> alarm_roll.Roll:
    return alarm_roll.call(FakeSources(), PROD, now=NOW)


def stands(path: Path, *alarms: Document) -> drift.Drift:
    found = drift.drift(drift.read(folder(path, *alarms)), roll(), {})
    assert found is not None
    return found


def test_each_alarm_stands_to_the_folder_in_a_word(tmp_path: Path) -> None:
    found = stands(
        tmp_path,
        written("web-cpu-high"),
        written("web-cpu-low", Threshold=25.0),
        written("web-cpu-low", AlarmName="forgotten"),
    )
    assert {name: word for name, word in found.words.items() if name.startswith(("web", "for"))} == {
        "web-cpu-high": "as written",
        "web-cpu-low": "changed",
        "forgotten": "only in the folder",
    }
    assert drift.summary(found) == "1 alarm changed since written, 1 not in the folder, 1 not live: forgotten"
    table = drift.fields(found.differences["web-cpu-low"])
    assert table.to_dict("records") == [{"Field": "Threshold", "Live": "30.0", "Written": "25.0"}]


def test_tags_that_were_not_read_are_no_drift(tmp_path: Path) -> None:
    tagged = written("web-cpu-high", Tags=[{"Key": "team", "Value": "web"}])
    assert stands(tmp_path, tagged).words["web-cpu-high"] == "as written"


def test_the_list_is_narrowed_to_what_is_not_as_written(tmp_path: Path) -> None:
    words = stands(tmp_path, written("web-cpu-high")).words
    view = alarm_list.build(roll(), Wanted(only=(Only.DRIFTED,)), now=NOW, tags={}, drifted=words)
    assert "web-cpu-high" not in [row.name for row in view.rows]
    assert set(view.table["Code"]) == {"not in the folder"}


def test_the_way_back_changes_only_what_differs(tmp_path: Path) -> None:
    found = stands(tmp_path, written("web-cpu-high"), written("web-cpu-low", Threshold=25.0))
    lives = [live_of({**written(name), "AlarmArn": alarm_arn(name)}) for name in ("web-cpu-high", "web-cpu-low")]
    plan = drift.way_back(found, ["web-cpu-high", "web-cpu-low"], lives, alarm_rolled())
    assert [(step.operation, step.targets) for step in plan.steps] == [("PutMetricAlarm", ("web-cpu-low",))]
    assert plan.price_difference is not None


def alarm_rolled() -> alarm_roll.Roll:
    sources = FakeSources()
    sources.documents = tuple({**each, "AlarmArn": alarm_arn(str(each["AlarmName"]))} for each in documents())
    return alarm_roll.call(sources, PROD, now=NOW)


@pytest.mark.parametrize("bad", ["{", '[{"AlarmName": "x"}]'])
def test_a_folder_that_cannot_be_read_calls_nothing_unwritten(tmp_path: Path, bad: str) -> None:
    (tmp_path / "alarms.json").write_text(bad, encoding="utf-8")
    found = drift.drift(drift.read(tmp_path), roll(), {})
    assert found is not None
    assert found.problems
    assert found.words == {}


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    (problem,) = drift.read(tmp_path / "nowhere").problems
    assert "is no folder" in problem


@pytest.mark.parametrize(
    ("setting", "scope", "expected"),
    [
        (None, PROD, None),
        ("alarms", PROD, "alarms"),
        ("alarms", DR, None),
        ("a/{account}/{region}", DR, "a/222222222222/eu-west-1"),
    ],
)
def test_a_place_has_its_folder(setting: str | None, scope: Scope, expected: str | None) -> None:
    found = drift.folder_of(setting, scope, first=PROD)
    assert (None if found is None else str(found)) == expected

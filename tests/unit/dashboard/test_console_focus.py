"""`python -m budgets focus`: what is printed, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from budgets.__main__ import main
from tests.unit.collectors.exports import samples
from tests.unit.collectors.exports.samples import focus, write


def test_json_keeps_currencies_apart_and_amounts_exact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "in" / "a.csv.gz", samples.MADE)
    assert main(["focus", str(tmp_path / "in"), "--by", "ServiceName", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["files"], document["rows_in_files"], document["notes"]) == (1, 8, [])
    by_currency = {each["currency"]: each for each in document["currencies"]}
    assert set(by_currency) == {None, "EUR", "JPY", "USD"}
    assert by_currency["JPY"]["BilledCost"] == "99999999999.123456789012"
    assert (by_currency["EUR"]["BilledCost"], by_currency["EUR"]["rows_without_cost"]) == (None, 1)
    usd = by_currency["USD"]
    assert (usd["charges"], usd["credits"], usd["adjustments"]) == ("1.20000080004", "-0.50000000001", "-0.1")
    assert {group["ServiceName"]: group["BilledCost"] for group in usd["groups"]} == {
        None: "-0.1",
        "AmazonEC2": "-0.4999992",
        "AmazonS3": "1.20000000003",
    }


def test_days_filters_and_lines_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.csv", samples.MADE)
    arguments = ["focus", str(path), "--by", "Day", "--by", "ServiceName", "--where", "BillingCurrency=USD"]
    assert main([*arguments, "--from", "2026-10-06", "--to", "2026-10-07"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "8 rows in 1 file",
        "",
        "USD: net 1.20000000003 (charges 1.20000000003, credits 0, refunds and adjustments 0)",
        "            net",
        "  1.20000000003  2026-10-06 · AmazonS3",
    ]


def test_what_was_left_out_is_said_and_gives_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "in" / "a.csv", [focus("1"), focus("x\x1b[31m\u202e")])
    assert main(["focus", str(tmp_path / "in")]) == 1
    printed = capsys.readouterr()
    assert "note: a.csv row 2: was left out" in printed.err
    assert "\x1b" not in printed.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no-such-folder"], "is not there; give a folder"),
        ([".", "--by", "Cost"], "'Cost' is no column; give one of Day"),
        ([".", "--where", "RegionId"], "write Column=Value"),
        ([".", "--from", "2026-10-02", "--to", "2026-10-02"], "holds no day"),
    ],
)
def test_what_cannot_be_answered_gives_two(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["focus", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_folder_of_nothing_but_broken_files_gives_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    assert main(["focus", str(tmp_path)]) == 2
    assert "a.csv: is no billing export" in capsys.readouterr().err

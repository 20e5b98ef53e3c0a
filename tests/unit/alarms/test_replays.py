"""`python -m alarms backtest ALARM.json SERIES.csv [--json]`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alarms.definition import to_request
from tests.unit.alarms.lines import alarm

SERIES = """timestamp,value
2026-11-23 10:00:00,1
2026-11-23 10:01:00,9
2026-11-23 10:02:00,9
2026-11-23 10:03:00,
2026-11-23 10:04:00,1
"""


def run(folder: Path, *options: str, series: str = SERIES, **members: Any) -> subprocess.CompletedProcess[str]:
    (folder / "alarm.json").write_text(json.dumps(to_request(alarm(EvaluationPeriods=2, **members))))
    (folder / "series.csv").write_text(series)
    command = [sys.executable, "-m", "alarms", "backtest", str(folder / "alarm.json"), str(folder / "series.csv")]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def test_transitions_are_printed_with_reasons_and_limits(tmp_path: Path) -> None:
    found = run(tmp_path)
    assert found.returncode == 0
    assert found.stdout == (
        "2026-11-23T10:01:00Z  INSUFFICIENT_DATA -> OK  "
        "Threshold Crossed: 1 datapoint [1.0 (23/11/26 10:00:00)] was not greater than the threshold (5.0).\n"
        "2026-11-23T10:03:00Z  OK -> ALARM  Threshold Crossed: 2 datapoints "
        "[9.0 (23/11/26 10:02:00), 9.0 (23/11/26 10:01:00)] were greater than the threshold (5.0).\n"
        "2026-11-23T10:05:00Z  ALARM -> OK  "
        "Threshold Crossed: 1 datapoint [1.0 (23/11/26 10:04:00)] was not greater than the threshold (5.0).\n"
        "\n"
        "high-cpu: 3 transitions, 0 notifications, 0 flaps, 0:02:00 in ALARM\n"
        "A live alarm sees the data of its instant: datapoints that came late may have made it decide otherwise.\n"
    )


def test_json_holds_the_same(tmp_path: Path) -> None:
    ops = "arn:aws:sns:us-east-1:111111111111:ops"
    found = json.loads(run(tmp_path, "--json", AlarmActions=[ops]).stdout)
    changes = [(change["at"], change["old_state"], change["new_state"]) for change in found.pop("transitions")]
    assert changes == [
        ("2026-11-23T10:01:00Z", "INSUFFICIENT_DATA", "OK"),
        ("2026-11-23T10:03:00Z", "OK", "ALARM"),
        ("2026-11-23T10:05:00Z", "ALARM", "OK"),
    ]
    assert found == {
        "alarm": "high-cpu",
        "start": "2026-11-23T10:01:00Z",
        "end": "2026-11-23T10:05:00Z",
        "seconds_in_alarm": 120,
        "notifications": [{"at": "2026-11-23T10:03:00Z", "state": "ALARM", "actions": [ops]}],
        "flaps": 0,
        "limits": [
            "A live alarm sees the data of its instant: datapoints that came late may have made it decide otherwise."
        ],
    }


@pytest.mark.parametrize(
    ("series", "members", "message"),
    [
        ("timestamp,value\n", {}, "has 0 datapoints; two are needed"),
        (SERIES + "yesterday,1\n", {}, "line 7: 'yesterday' is not an instant; write it as 2026-11-23T10:00:00Z"),
        (SERIES + "2026-11-23 10:05:00,many\n", {}, "line 7: could not convert string to float: 'many'"),
        (SERIES + "2026-11-23 10:05:00\n", {}, "line 7: 1 columns; give timestamp,value"),
        (SERIES, {"Period": 30}, "periods of 30 s cannot be judged from datapoints of 60 s"),
    ],
)
def test_what_cannot_be_replayed_says_why(tmp_path: Path, series: str, members: dict[str, Any], message: str) -> None:
    found = run(tmp_path, series=series, **members)
    assert (found.returncode, found.stdout) == (2, "")
    assert message in found.stderr

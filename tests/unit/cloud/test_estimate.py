"""What a dashboard would cost: exact dollars, one step before, at and after each threshold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cloud import estimate as estimates
from cloud.__main__ import main
from cloud.caps import Caps
from cloud.estimate import Api, Wall, calls_a_metric, estimate, interval_within, metrics_billed
from collectors.planning import (
    DATA_QUERIES,
    STATISTICS_EXTENDED,
    STATISTICS_PLAIN,
    Allowance,
    StatisticsCall,
    plan,
)
from collectors.query import MetricQuery
from core.money import ZERO, Money
from core.reading import Scope
from core.series import MetricId
from core.timespan import Timespan

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MINUTES = 30 * 24 * 60


def dollars(text: str) -> Money:
    return Money(Decimal(text))


def test_ten_viewers_of_a_wall_cost_what_one_does() -> None:
    walls = [Wall(charts=20, viewers=viewers) for viewers in (1, 10, 50)]
    assert {estimate(wall).ours.calls for wall in walls} == {20 * MINUTES}
    assert {estimate(wall).ours.cost for wall in walls} == {ZERO}


def test_without_sharing_each_viewer_costs_again() -> None:
    alone = {way.name.split(",")[0]: way for way in estimate(Wall(charts=20, viewers=10)).others}
    assert alone["GetMetricData"].billed == 200 * MINUTES
    assert alone["GetMetricData"].cost == dollars("86.4")
    assert alone["GetMetricStatistics"].cost == dollars("76.4")  # a million of 8.64 million is free
    assert alone["an exporter"].cost == dollars("8.64")


@pytest.mark.parametrize(
    ("used", "free", "cost"),
    [
        (1_000_000 - 43_201, 43_200, "0"),
        (1_000_000 - 43_200, 43_200, "0"),
        (1_000_000 - 43_199, 43_199, "0.00001"),
        (1_000_000, 0, "0.432"),
        (1_000_001, 0, "0.432"),
    ],
)
def test_one_step_around_the_free_million(used: int, free: int, cost: str) -> None:
    ours = estimate(Wall(charts=1), used=used).ours
    assert (ours.calls, ours.free, ours.cost) == (43_200, free, dollars(cost))


def test_beyond_the_million_a_percentile_beside_an_average_is_bought_as_one_metric() -> None:
    wall = Wall(charts=20, statistics=("p99", "Average"))  # two free calls a metric, one metric billed
    assert estimate(wall, api=Api.STATISTICS).ours.cost == dollars("7.28")
    assert estimate(wall, api=Api.DATA).ours.cost == dollars("8.64")
    ours = estimate(wall).ours
    assert (ours.free, ours.cost) == (1_000_000, dollars("3.64"))
    assert ours.calls == 1_000_000 + (43_200 - 25_000)  # the rest comes in one call for all charts


@pytest.mark.parametrize(
    ("statistics", "free_calls", "billed"),
    [
        ("Average", 1, 1),
        ("Average Sum Minimum Maximum SampleCount", 1, 1),
        ("Average Sum Minimum Maximum SampleCount p50", 2, 2),
        ("p50 p99", 1, 1),
        ("p1 p2 p3 p4 p5 p6 p7 p8 p9 p10", 1, 2),
        ("p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11", 2, 3),
        ("Average p99", 2, 1),
        ("Average Average", 1, 1),
    ],
)
def test_statistics_are_counted_as_the_planner_counts_them(statistics: str, free_calls: int, billed: int) -> None:
    names = tuple(statistics.split())
    assert (calls_a_metric(names), metrics_billed(names)) == (free_calls, billed)
    scope, span = Scope("111111111111", "us-east-1"), Timespan.last(timedelta(hours=1), now=NOW)
    queries = [MetricQuery(scope, MetricId("AWS/EC2", "CPUUtilization"), name, 60, span) for name in names]
    free = plan(queries, allowance=Allowance({scope.account: 1_000}))
    assert len(free.calls) == free_calls
    assert all(isinstance(call, StatisticsCall) for call in free.calls)
    assert plan(queries, allowance=Allowance({}, dollars("1"))).cost == dollars("0.00001") * billed


def test_limits_are_those_of_the_planner() -> None:
    ours = (estimates.PLAIN_A_CALL, estimates.PERCENTILES_A_CALL, estimates.QUERIES_A_CALL)
    assert ours == (STATISTICS_PLAIN, STATISTICS_EXTENDED, DATA_QUERIES)


@pytest.mark.parametrize(("charts", "calls"), [(500, 1), (501, 2)])
def test_a_get_metric_data_call_holds_500_metrics(charts: int, calls: int) -> None:
    ours = estimate(Wall(charts=charts, interval=3600), api=Api.DATA).ours
    assert (ours.calls, ours.billed) == (720 * calls, 720 * charts)


def test_nobody_looking_costs_nothing() -> None:
    assert estimate(Wall(charts=20, viewers=0)).ours.calls == 0
    assert estimate(Wall(charts=20, hours=0)).ours.calls == 0
    assert estimate(Wall(charts=20, viewers=0)).others[-1].cost == dollars("8.64")  # an exporter reads on


@pytest.mark.parametrize("series", [1, 3, 5, 40])
def test_the_interval_that_is_free_is_the_shortest(series: int) -> None:
    interval = interval_within(Wall(charts=20, series=series, hours=8.5, interval=1), ZERO)
    assert interval is not None
    assert estimate(Wall(charts=20, series=series, hours=8.5, interval=interval)).ours.cost == ZERO
    if interval > 1:
        assert estimate(Wall(charts=20, series=series, hours=8.5, interval=interval - 1)).ours.cost > ZERO


def test_a_trimmed_mean_is_never_free() -> None:
    wall = Wall(charts=1, statistics=("tm90",))
    assert estimate(wall).ours.cost == dollars("0.432")
    assert interval_within(wall, ZERO) is None
    assert "stays off" in estimate(wall).sentence
    with pytest.raises(ValueError, match="GetMetricStatistics does not give tm90"):
        estimate(wall, api=Api.STATISTICS)


@pytest.mark.parametrize(
    ("caps", "interval", "said"),
    [
        (Caps(), None, "No interval brings it within a cap of zero, so it stays off"),
        (Caps(dollars("0.432")), 60, "That is within the cap of $0.43 a month"),
        (Caps(dollars("0.43199")), 61, "To stay within the cap of $0.43 a month it is read each 61 s instead"),
        (Caps(dollars("0.00001")), 1_296_001, "it is read each 1296001 s instead"),
        (
            Caps(dollars("1"), dollars("0.0072")),
            120,
            "cap of $1.00 a month and $0.01 a day it is read each 120",
        ),
        (Caps(dollars("1"), ZERO), None, "brings it within a cap of zero"),
    ],
)
def test_the_interval_that_the_caps_allow(caps: Caps, interval: int | None, said: str) -> None:
    found = estimate(Wall(charts=1, statistics=("tm90",)), caps=caps)
    assert found.interval == interval
    assert said in found.sentence


def test_a_cap_on_the_command_line_goes_before_the_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHKEEPER_MONTHLY_CAP_USD", "0.216")
    arguments = ["price", "--charts", "1", "--statistics", "tm90"]
    assert main(arguments) == 0
    assert "read each 120 s instead" in capsys.readouterr().out
    assert main([*arguments, "--cap", "1", "--daily-cap", "0.0144"]) == 0
    assert "That is within the cap of $1.00 a month and $0.01 a day" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*arguments, "--cap", "much"])
    assert "'much' is not accepted; give dollars such as 0 or 2.50" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"charts": 0}, "charts is 0; give a whole number from 1"),
        ({"charts": 1, "viewers": -1}, "viewers is -1"),
        ({"charts": 1, "hours": 24.5}, "hours is 24.5; give hours a day, 0 to 24"),
        ({"charts": 1, "hours": float("nan")}, "hours is nan"),
        ({"charts": 1, "statistics": ()}, "statistics is empty"),
        ({"charts": 1, "statistics": ("p101",)}, "p101"),
    ],
)
def test_a_wall_that_cannot_be_says_what_is_accepted(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Wall(**given)  # type: ignore[arg-type]


def test_the_command_prints_a_sentence_and_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["price", "--charts", "20", "--series", "5", "--interval", "60", "--viewers", "10", "--hours", "24"]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert text.startswith(
        "20 charts of 5 metrics, read each 60 s, 24 h a day, for 10 viewers: 4,320,000 calls and $33"
    )
    assert "At a cap of zero it is read each 260 s instead, and costs nothing." in text
    assert text.splitlines()[3].split() == [
        *["Watchkeeper,", "one", "read", "for", "all", "viewers"],
        *("4,320,000", "4,320,000", "1,000,000", "$33.20"),
    ]


def test_the_command_answers_programs_in_exact_dollars(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["price", "--charts", "20", "--statistics", "p99, Average", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["wall"]["statistics"] == ["p99", "Average"]
    assert document["ways"][0]["cost"] == "3.64000"


def test_the_command_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["price", "--charts", "20", "--statistics", "median"]) == 2
    assert "median" in capsys.readouterr().err

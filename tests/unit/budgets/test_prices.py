"""Prices: each says where it was read and how sure that is; copies agree with each other; a person's own go first."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from alarms.pricing import PRICES as ALARM_PRICES
from alarms.pricing import Tariff
from budgets.__main__ import main
from budgets.prices import BOX, OURS, PriceError, UsagePrice, UsagePrices, read_prices
from cloud.price_sources import Evidence, Standing
from cloud.pricing import CHARGED, CUSTOM_METRIC_TIERS, FREE_CUSTOM_METRICS, PriceBook
from core.money import Money
from dashboard.views.estimating import ALARM_TYPES


def dollars(text: str) -> Money:
    return Money(Decimal(text))


# -- where each was read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("price", OURS.values(), ids=OURS)
def test_every_price_has_a_source(price: UsagePrice) -> None:
    assert price.each.amount > 0
    assert price.source.startswith("https://aws.amazon.com/"), "the page that holds is AWS's"
    assert price.read_on is not None
    for read in (price.read_in, *([price.free.read_in] if price.free.units else [])):
        assert is_written(read), f"{price.usage_type}: say in which text it was read, or Standing.UNCONFIRMED"


def test_every_call_that_is_charged_has_a_source() -> None:
    for price in (*CHARGED, *ALARM_PRICES.values()):
        assert price.source.startswith("https://aws.amazon.com/")
        assert is_written(price.read_in), price.unit


def is_written(read: Evidence) -> bool:
    """Whether a text is named by an address that stays; what nobody confirmed has none and says so."""
    if read.standing is Standing.UNCONFIRMED:
        return not read.address
    address = urlsplit(read.address)
    moves = address.netloc == "github.com" and "/blob/" in address.path and len(address.path.split("/")[4]) != 40
    return address.scheme == "https" and not moves


def test_what_nobody_but_others_say_is_known_by_name() -> None:
    """A price that turns out to be in AWS's words leaves this list; one more on it is a price to look for."""
    assert [each.usage_type for each in OURS.values() if not each.sure] == [
        "CW:GMD-Metrics",
        "CW:MetricInsightAlarmUsage",
    ]


# -- the prices -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "price"),
    [
        ("t2.micro", "0.0116"), ("t2.small", "0.023"), ("t3.large", "0.0832"), ("t4g.nano", "0.0042"),
        ("m5.8xlarge", "1.536"), ("m6i.2xlarge", "0.384"), ("m7a.24xlarge", "5.56416"), ("m8i.96xlarge", "20.32128"),
        ("c5.9xlarge", "1.53"), ("c7g.medium", "0.0363"), ("c7g.large", "0.0725"), ("c8g.16xlarge", "2.55232"),
        ("r5.24xlarge", "6.048"), ("r7a.medium", "0.07608"), ("r7a.xlarge", "0.3043"), ("r7g.medium", "0.0536"),
    ],
)  # fmt: skip
def test_instances_have_their_list_price(kind: str, price: str) -> None:
    assert UsagePrices().instance(kind, "us-east-1") == dollars(price)


@pytest.mark.parametrize("kind", ["c5.8xlarge", "m6g.24xlarge", "t3.4xlarge", "m7i-flex.24xlarge"])
def test_a_size_that_a_family_does_not_have_has_no_price(kind: str) -> None:
    assert UsagePrices().instance(kind, "us-east-1") is None


def test_what_a_call_costs_is_the_same_wherever_it_is_said() -> None:
    book = PriceBook()
    for usage_type, service, operation in (
        ("CW:Requests", "cloudwatch", "GetMetricStatistics"),
        ("CW:GMD-Metrics", "cloudwatch", "GetMetricData"),
        ("APIRequest", "ce", "GetCostAndUsage"),
        ("Requests-Tier1", "s3", "ListObjectsV2"),
        ("Requests-Tier2", "s3", "GetObject"),
    ):
        said, ours = book.price(service, operation), OURS[usage_type]
        assert said is not None, usage_type
        assert (said.each, Decimal(said.allowance), said.read_in) == (ours.each, ours.free.units, ours.read_in)
    for tariff, usage_type in ALARM_TYPES.items():
        said, ours = ALARM_PRICES[tariff], OURS[usage_type]
        assert (said.each, Decimal(said.allowance), said.read_in) == (ours.each, ours.free.units, ours.read_in)
    assert ALARM_TYPES.keys() == set(Tariff) - {Tariff.UNKNOWN}
    metrics = OURS["CW:MetricMonitorUsage"]
    assert (metrics.each, metrics.free.units) == (CUSTOM_METRIC_TIERS[0][1], Decimal(FREE_CUSTOM_METRICS))


def test_the_command_lists_every_price_with_its_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('["eu-west-1 Request"]\nprice = "0.0000001"\n')
    monkeypatch.setenv("WATCHKEEPER_PRICES_FILE", str(own))
    assert main(["prices", "--json"]) == 0
    found = {each["usage_type"]: each for each in json.loads(capsys.readouterr().out)}
    assert found.keys() == {*OURS, "eu-west-1 Request"}
    assert found["eu-west-1 Request"]["standing"] == "your price"
    assert found["Request"]["free"]["units"] == "1000000"
    assert found[f"{BOX}t2.micro"]["as_of"] == "2026-02-09"
    assert main(["prices", "--unsure"]) == 0
    said = capsys.readouterr().out
    assert "CW:GMD-Metrics: $0.00001" in said
    assert "second-hand" in said
    assert BOX not in said


def test_the_command_says_what_is_wrong_with_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "prices.toml"
    own.write_text("[Request]\nprice = 'dear'\n")
    monkeypatch.setenv("WATCHKEEPER_PRICES_FILE", str(own))
    assert main(["prices"]) == 2
    assert "price is 'dear'; give a number" in capsys.readouterr().err


# -- a person's own ---------------------------------------------------------------------------------------------------


def test_a_person_s_own_prices_go_before_ours(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(
        f'["{BOX}t2.micro"]\nprice = "0.005"\nfree = "750"\nread_on = 2026-11-01\n'
        f'["eu-west-1 {BOX}x9.huge"]\nprice = 4\n'
    )
    prices = read_prices(path)
    own = prices.price(f"{BOX}t2.micro", "us-east-1")
    assert own is not None
    assert (own.each, own.free.units) == (dollars("0.005"), Decimal(750))
    assert (own.read_in.standing, own.read_in.as_of, own.sure) == (Standing.OWN, date(2026, 11, 1), True)
    assert prices.instance("x9.huge", "eu-west-1") == dollars("4")
    assert prices.instance("x9.huge", "us-east-1") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("price", "is not TOML"),
        ('Request = "1"', "give a table with price"),
        ('[Request]\nprice = "-1"', "price is '-1'; give a number that is not negative"),
        ('[Request]\nprice = "NaN"', "price is 'NaN'"),
        ('[Request]\nprice = "1"\nfree = "some"', "free is 'some'"),
        ('[Request]\nprice = "1"\nread_on = "lately"', "give a date such as 2026-11-01"),
        ('[Request]\nprise = "1"', "give a table with price"),
    ],
)
def test_a_file_of_prices_that_cannot_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(PriceError, match=said.replace("(", r"\(")):
        read_prices(path)

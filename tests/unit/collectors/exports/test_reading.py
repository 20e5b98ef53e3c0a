"""Exports are added up exactly, whatever they are written in; what is broken is named and the rest is used."""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.exports import files, questions, versions
from collectors.exports.cube import Cube
from collectors.exports.engine import opened
from collectors.exports.files import ExportError, Flaw
from collectors.exports.questions import Condition, Question, Total
from collectors.exports.reading import reading
from tests.unit.collectors.exports import samples
from tests.unit.collectors.exports.samples import cur, expected, focus, write
from tests.unit.collectors.exports.test_cube import NOW

Found = tuple[tuple[Total, ...], tuple[Flaw, ...]]


def ask(path: Path, work: Path, question: Question | None = None) -> Found:
    found = versions.newest(files.find(path))
    with reading(found.files, work / "work") as reader:
        usable, _, flaws = reader.usable()
        return reader.totals(usable, question or Question()), (*found.flaws, *flaws)


def billed(totals: tuple[Total, ...]) -> Mapping[tuple[str | None, ...], Decimal | None]:
    return {(each.currency, *each.key): each.billed for each in totals}


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a'b [1] *;--.csv", "dir with space/a.CSV"])
def test_a_made_export_is_exact_in_every_currency(tmp_path: Path, name: str) -> None:
    write(tmp_path / "in" / name, samples.MADE)
    totals, flaws = ask(tmp_path / "in", tmp_path, Question(("ServiceName",)))
    assert billed(totals) == expected(samples.MADE, "ServiceName")
    assert flaws == ()


def test_currencies_are_never_added_and_what_has_no_cost_is_not_zero(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.csv", samples.MADE)
    totals, _ = ask(tmp_path / "in", tmp_path)
    shown = {each.currency: (each.billed, each.rows, each.unpriced) for each in totals}
    assert shown == {
        None: (Decimal(7), 1, 0),
        "EUR": (None, 1, 1),
        "JPY": (Decimal("99999999999.123456789012"), 1, 0),
        "USD": (Decimal("0.60000080003"), 5, 0),
    }


def test_charges_credits_and_refunds_stand_apart(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.csv", samples.MADE)
    totals, _ = ask(tmp_path / "in", tmp_path, Question(where=(Condition("BillingCurrency", "USD"),)))
    (only,) = totals
    assert (only.charges, only.credits, only.adjustments) == (
        Decimal("1.20000080004"),
        Decimal("-0.50000000001"),
        Decimal("-0.1"),
    )


def test_doubles_in_parquet_are_read_as_the_decimal_that_was_meant(tmp_path: Path) -> None:
    costs = [
        "0.1",
        "0.2",
        "8e-07",
        "-0.00000000001",
        "12345678.1234567",
        "1.23456789012345e-07",
        "9998.99999999999",
    ]
    rows = [focus(cost) for cost in costs]
    write(tmp_path / "in" / "a.snappy.parquet", rows)
    (only,), flaws = ask(tmp_path / "in", tmp_path)
    with localcontext(prec=60):
        assert only.billed == sum((Decimal(cost) for cost in costs), Decimal(0))
    assert flaws == ()


def test_parquet_of_other_types(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    table = pa.table(
        {
            "billedcost": pa.array([Decimal("1.000000000000000001"), None], pa.decimal128(38, 18)),
            "ChargePeriodStart": pa.array(
                [datetime(2026, 10, 5, 23, tzinfo=UTC)] * 2, pa.timestamp("us", "Asia/Tokyo")
            ),
            "Tags": pa.array([[("team", "a")], None], pa.map_(pa.string(), pa.string())),
            'x"; DROP TABLE y; --': pa.array(["a", "b"]),
        }
    )
    pq.write_table(table, tmp_path / "in" / "a.parquet")
    totals, flaws = ask(tmp_path / "in", tmp_path, Question(("Day", "tag:team")))
    assert billed(totals) == {
        (None, "2026-10-05", "a"): Decimal("1.000000000000000001"),
        (None, "2026-10-05", None): None,
    }
    assert flaws == ()


def test_legacy_cur_in_focus_words(tmp_path: Path) -> None:
    rows = [
        cur("1.5", **{"resourceTags/user:Team": "web"}),
        cur("1.0E-9"),
        cur("0", "SavingsPlanCoveredUsage", **{"savingsPlan/SavingsPlanEffectiveCost": "0.25"}),
        cur("-2", "Credit"),
        cur("-3", "Refund", **{"product/ProductName": ""}),
        cur("0", "DiscountedUsage", **{"reservation/EffectiveCost": "0.5", "lineItem/UnblendedCost": "9"}),
    ]
    write(tmp_path / "in" / "cur.csv.gz", rows, samples.CUR)
    totals, flaws = ask(tmp_path / "in", tmp_path, Question(("ChargeCategory", "ServiceName")))
    compute = "Amazon Elastic Compute Cloud"
    assert {each.key: (each.billed, each.effective) for each in totals} == {
        ("Usage", compute): (Decimal("10.500000001"), Decimal("2.250000001")),
        ("Credit", compute): (Decimal(-2), Decimal(-2)),
        ("Adjustment", "AmazonEC2"): (Decimal(-3), Decimal(-3)),
    }
    tagged, _ = ask(tmp_path / "in", tmp_path, Question(("tag:user:Team",)))
    assert billed(tagged)["USD", "web"] == Decimal("1.5")
    assert flaws == ()


def test_broken_rows_are_named_and_the_rest_is_used(tmp_path: Path) -> None:
    path = write(
        tmp_path / "in" / "a.csv", [focus("1"), focus("12,5"), focus("2", ChargePeriodStart="soon"), focus("4")]
    )
    with path.open("a", encoding="utf-8") as stream:
        stream.write("only,two\r\n")
    (only,), flaws = ask(tmp_path / "in", tmp_path)
    assert only.billed == Decimal(5)
    assert {flaw.place for flaw in flaws} == {"a.csv row 2", "a.csv row 3", "a.csv line 6"}
    assert any("'12,5'" in flaw.what for flaw in flaws)


def test_days_that_no_charge_can_have_and_amounts_beyond_all_sums(tmp_path: Path) -> None:
    far = ("infinity", "-infinity", "20260-01-01", "0001-01-01 (BC)", "1969-12-31")
    rows = [focus("1", ChargePeriodStart=each) for each in far]
    rows += [focus("2", BillingPeriodStart="infinity"), focus("9" * 41)]
    write(tmp_path / "in" / "a.csv", rows)
    (only,), flaws = ask(tmp_path / "in", tmp_path, Question(("BillingMonth",)))
    assert (only.key, only.billed) == (("2026-10",), Decimal(2))
    assert [flaw.place for flaw in flaws[:5]] == [f"a.csv row {place}" for place in range(1, 6)]
    assert flaws[5].what == "and 1 more like these were left out"
    write(tmp_path / "in" / "b.csv", [focus("9" * 14), focus("9" * 14)])
    with pytest.raises(ExportError, match="more than 14 digits before the point"):
        ask(tmp_path / "in", tmp_path)


@pytest.mark.parametrize(
    ("name", "body", "what"),
    [
        ("empty.csv", b"", "is empty"),
        ("other.csv", b"a,b\n1,2\n", "is no billing export"),
        ("torn.csv.gz", gzip.compress(samples.text([focus("1")] * 2000).encode())[:-30], "cannot be"),
        ("text.parquet", b"not parquet at all", "cannot be read"),
        ("packed.zip", b"PK", "is a ZIP"),
        ("bytes.csv", b"\xff\xfe\x00\x01", "is no billing export"),
    ],
)
def test_a_broken_file_is_named_and_the_others_are_used(tmp_path: Path, name: str, body: bytes, what: str) -> None:
    write(tmp_path / "in" / "good.csv", [focus("1.5")])
    (tmp_path / "in" / name).write_bytes(body)
    (only,), flaws = ask(tmp_path / "in", tmp_path)
    assert only.billed == Decimal("1.5")
    assert [flaw.place for flaw in flaws] == [name]
    assert what in flaws[0].what
    assert str(tmp_path) not in flaws[0].what


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    write(tmp_path / "secret" / "a.csv", [focus("100")])
    write(tmp_path / "in" / "b.csv", [focus("1")])
    (tmp_path / "in" / "link.csv").symlink_to(tmp_path / "secret" / "a.csv")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "in" / "pipe.csv")
    (only,), flaws = ask(tmp_path / "in", tmp_path)
    assert only.billed == Decimal(1)
    assert {flaw.place for flaw in flaws} == {"link.csv", "folder"}


def test_the_engine_sees_only_what_it_is_given(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [focus("1")])
    other = write(tmp_path / "b.csv", [focus("1")])
    (tmp_path / "work").mkdir()
    with opened(tmp_path / "work", [path]) as engine:
        assert engine.execute("SELECT COUNT(*) FROM read_csv(?)", [str(path)]).fetchall() == [(1,)]
        for refused in (
            f"FROM read_csv('{other}')",
            "SELECT * FROM read_text('/etc/hostname')",
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
            f"ATTACH '{tmp_path / 'x.db'}'",
            "INSTALL httpfs",
            "SET enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                engine.execute(refused)


def test_too_many_digits_are_said(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.csv", [focus("0.1234567890123456789012345678")])
    _, flaws = ask(tmp_path / "in", tmp_path)
    assert "BilledCost of 1 row has more than 24 digits" in flaws[0].what


def test_days_conditions_and_tags(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.csv", samples.MADE)

    def usd(*conditions: str, since: date | None = None, until: date | None = None) -> Decimal | None:
        where = tuple(questions.read_condition(each) for each in ("BillingCurrency=USD", *conditions))
        totals, _ = ask(tmp_path / "in", tmp_path, Question(where=where, since=since, until=until))
        return totals[0].billed if totals else None

    assert usd(since=date(2026, 10, 6)) == Decimal("1.20000000003")
    assert usd(until=date(2026, 10, 6)) == Decimal("-0.5999992")
    assert usd("RegionId=") == Decimal("1.10000000004")
    assert usd("ServiceName=AmazonS3", "ServiceName=AmazonEC2") == Decimal("0.70000080003")
    assert usd("tag:environment=prod") == usd("tag:a/b~c=odd") == Decimal("0.0000008")
    assert usd("ServiceName=x' OR '1'='1") is None
    assert usd("Day=2026-10-06", "BillingMonth=2026-10") == Decimal("1.20000000003")
    assert usd("Day!=2026-10-06") == Decimal("-0.5999992")
    assert usd("BillingMonth=2026-11") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Nope=1", "'Nope' is no column"),
        ("ServiceName", "is no condition"),
        ("BillingMonth=October", "'October' is no month; write it as 2026-10"),
        ("Day=2026-10", "'2026-10' is no day"),
        ("BilledCost=1", "is no column"),
        ("tag:=1", "is no column"),
        ('a"; DROP=1', "is no column"),
    ],
)
def test_what_is_no_condition_says_what_is(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Question(where=(questions.read_condition(text),))


def test_rows_behind_a_figure_come_largest_first(tmp_path: Path) -> None:
    write(tmp_path / "in" / "it's.csv", samples.MADE)
    found = files.find(tmp_path / "in")
    with reading(found.files, tmp_path / "work") as reader:
        rows = reader.rows(reader.describe(), Question(where=(Condition("BillingCurrency", "USD"),)))
    assert [row["BilledCost"] for row in rows] == [
        Decimal(each) for each in ("1.20000000003", "-0.50000000001", "-0.1", "0.0000008", "0.00000000001")
    ]
    assert {row["File"] for row in rows} == {"it's.csv"}


COSTS = st.decimals(min_value=-1000, max_value=1000, places=11, allow_nan=False)
ROWS = st.lists(
    st.builds(
        lambda cost, currency, service, region, category, day: focus(
            f"{cost:f}",
            BillingCurrency=currency,
            ServiceName=service,
            RegionId=region,
            ChargeCategory=category,
            ChargePeriodStart=f"2026-10-{day:02d}T00:00:00Z",
        ),
        COSTS,
        st.sampled_from(["USD", "EUR", ""]),
        st.sampled_from(["a", "b'c", "NULL", "=d", ""]),
        st.sampled_from(["us-east-1", "eu-west-1", ""]),
        st.sampled_from(["Usage", "Credit", "Adjustment", "Tax", ""]),
        st.integers(1, 28),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS,
    kind=st.sampled_from(["csv", "csv.gz", "parquet"]),
    by=st.permutations(["Day", "ServiceName", "RegionId", "ChargeCategory"]),
    depth=st.integers(0, 4),
)
def test_totals_add_up_however_they_are_grouped(
    tmp_path_factory: pytest.TempPathFactory, rows: list[samples.Row], kind: str, by: list[str], depth: int
) -> None:
    folder = tmp_path_factory.mktemp("property")
    for place, half in enumerate((rows[::2], rows[1::2])):
        write(folder / "in" / f"{place}.{kind}", half)
    found = files.find(folder / "in")
    whole = expected(rows)
    cube = Cube(folder / "cube")
    cube.refresh(found.files, (), now=NOW)
    some = Condition("ServiceName", "a")
    with reading(found.files, folder / "work") as reader:
        described, _, _ = reader.usable()
        for question in (
            Question(tuple(by[:depth])),
            Question((by[0],), (some,)),
            Question((), (Condition("ServiceName", "a", negated=True),)),
        ):
            assert cube.totals(question) == reader.totals(described, question)
        grouped = reader.totals(described, Question(tuple(by[:depth])))
        with_it = reader.totals(described, Question((), (some,)))
        without = reader.totals(described, Question((), (Condition("ServiceName", "a", negated=True),)))
    cube.close()
    assert {(each.currency,): each.billed for each in questions.added(grouped)} == whole
    assert {(each.currency,): each.billed for each in questions.added((*with_it, *without))} == whole
    for each in questions.added(grouped):
        assert each.charges + each.credits + each.adjustments == each.billed


@pytest.mark.skipif(
    not samples.SHARED.is_dir(), reason="the sample data (../shared/data/focus) are not on this machine"
)
@pytest.mark.parametrize(
    ("name", "cost", "currency", "service"),
    [
        ("focus_1_0_sample.csv", "BilledCost", "BillingCurrency", "ServiceName"),
        ("aws_cur_legacy_sample.csv", "lineItem/UnblendedCost", "lineItem/CurrencyCode", "product/ProductName"),
    ],
)
def test_real_rows_to_the_last_decimal(tmp_path: Path, name: str, cost: str, currency: str, service: str) -> None:
    rows = samples.from_csv(samples.SHARED / name)
    totals, flaws = ask(samples.SHARED / name, tmp_path, Question(("ServiceName",)))
    assert flaws == ()
    found = billed(totals)
    wanted = expected(rows, service, cost=cost, currency=currency)
    if ("USD", None) in wanted:  # CUR's rows without a product name are told by their product code
        pytest.fail("every row of the samples has a product name")
    assert found == wanted
    whole, _ = ask(samples.SHARED / name, tmp_path)
    assert billed(whole) == expected(rows, cost=cost, currency=currency)


def test_a_folder_without_exports_and_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"is not there; give a folder"):
        files.find(tmp_path / "no")
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(ExportError, match=r"give a \.csv"):
        files.find(tmp_path / "a.txt")
    assert files.find(tmp_path).files == ()

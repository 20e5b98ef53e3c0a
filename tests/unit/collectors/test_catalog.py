"""The namespace table agrees with AWS's own list of units."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collectors import catalog
from core.series import MetricId

UNITS = Path(__file__).parents[4] / "shared" / "data" / "recommended_alarms" / "metric_units.json"
WORDS = {
    "Credits (vCPU-minutes)": "Count",
    "The metric represents a Count but uses None for the CloudWatch unit.": None,
}
"""How the list describes what CloudWatch calls otherwise."""
USUAL = {"Min": "Minimum", "Max": "Maximum", "Sample Count": "SampleCount", "Data Samples": "SampleCount"}


def listed() -> dict[tuple[str, str], tuple[str | None, str]]:
    if not UNITS.exists():
        pytest.skip("the sample data with AWS's units is not at hand")
    rows = json.loads(UNITS.read_text(encoding="utf-8"))
    return {
        (row["namespace"], row["metricName"]): (WORDS.get(row["unit"], row["unit"]), row["statistics"]) for row in rows
    }


def test_units_are_aws_units() -> None:
    known = listed()
    compared = [family for family in catalog.FAMILIES if (family.namespace, family.name) in known]
    assert len(compared) > 40
    wrong = [
        (family.name, family.unit, known[family.namespace, family.name][0])
        for family in compared
        if family.unit != known[family.namespace, family.name][0]
    ]
    assert wrong == []


def test_a_metric_has_one_row() -> None:
    names = [(family.namespace, family.name) for family in catalog.FAMILIES]
    assert len(names) == len(set(names))


def test_every_row_has_statistics_and_dimensions() -> None:
    assert all(family.statistics and family.dimensions and family.period >= 60 for family in catalog.FAMILIES)


def test_an_unknown_metric_promises_nothing() -> None:
    family = catalog.family_of(MetricId("Directory", "PageLoadTime", (("Page", "/"),)))
    assert (family.unit, family.dimensions) == (None, (("Page",),))


def test_counting_samples_gives_a_count_of_whatever_is_sampled() -> None:
    cpu = MetricId("AWS/EC2", "CPUUtilization")
    assert (catalog.unit_of(cpu, "Average"), catalog.unit_of(cpu, "SampleCount")) == ("Percent", "Count")

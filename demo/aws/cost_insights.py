"""What Cost Explorer makes of costs: forecasts, anomalies, what there is to filter by, and what drove a change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from moto.core.responses import ActionResult

from demo.aws.cloudwatch.base import page
from demo.aws.cost_explorer import CostExplorerBase, spans
from demo.aws.cost_filters import grouped, invalid, key_of, selected
from demo.aws.errors import AwsError
from demo.bills import Line, Record, billed_until, opened

LEARNED: Final = 28
"""Days that a forecast goes by: AWS wants some history before it forecasts."""
LEVEL: Final = 80
UNUSUAL: Final = 4.0
"""Times the usual spread beyond which a service's day is an anomaly."""
LEAST: Final = Decimal("0.50")
"""Dollars beyond the usual that are worth a word."""
MONITOR: Final = "5a5c1c3e-0000-4000-8000-000000000001"
PAGE: Final = 100
PAGE_OF_DRIVERS: Final = 10


class CostInsights(CostExplorerBase):
    def get_cost_forecast(self) -> ActionResult:
        """Give what lies ahead by day or month: the last four weeks, by day of the week."""
        given = self.params
        start, end = self.days(given["TimePeriod"])
        if start < self.now.date():
            raise invalid("Start date must be equal to or no later than the current date")
        if "COST" not in given["Metric"]:
            raise AwsError("DataUnavailableException", "The demo cloud forecasts costs only.")
        usual, spread = self._usual(selected(self.bill(), given.get("Filter")))
        width = NormalDist().inv_cdf(0.5 + int(given.get("PredictionIntervalLevel") or LEVEL) / 200)
        results, whole = [], 0.0
        for first, last in spans(start, end, monthly=given["Granularity"] == "MONTHLY"):
            days = [first + timedelta(days=n) for n in range((last - first).days)]
            mean = sum(usual[day.weekday()] for day in days)
            reach = width * spread * len(days) ** 0.5
            whole += mean
            results.append(
                {
                    "TimePeriod": {"Start": first.isoformat(), "End": last.isoformat()},
                    "MeanValue": _text(mean),
                    "PredictionIntervalLowerBound": _text(max(0.0, mean - reach)),
                    "PredictionIntervalUpperBound": _text(mean + reach),
                }
            )
        return ActionResult({"Total": {"Amount": _text(whole), "Unit": "USD"}, "ForecastResultsByTime": results})

    def get_dimension_values(self) -> ActionResult:
        """List the values that a dimension has in a period."""
        return self._values(key_of("DIMENSION", self.params["Dimension"]), "DimensionValues")

    def get_tags(self) -> ActionResult:
        """List the tag keys of a period, or the values of one."""
        wanted = self.params.get("TagKey")
        if wanted:
            return self._values(key_of("TAG", wanted), "Tags")
        keys = sorted({key for line in self._asked() for key in line.tags})
        return ActionResult({"Tags": keys, "ReturnSize": len(keys), "TotalSize": len(keys)})

    def list_cost_allocation_tags(self) -> ActionResult:
        """List the tags that costs can be grouped by; all of them are active."""
        keys = sorted({key for line in self.bill() for key in line.tags})
        stamp = f"{opened(self.now):%Y-%m-%dT%H:%M:%SZ}"
        known = [{"TagKey": key, "Type": "UserDefined", "Status": "Active", "LastUpdatedDate": stamp} for key in keys]
        asked = [each for each in known if self.params.get("Status") in {None, each["Status"]}]
        items, token = page(asked, self.params.get("NextToken"), int(self.params.get("MaxResults") or PAGE))
        return ActionResult({"CostAllocationTags": list(items), **({"NextToken": token} if token else {})})

    def get_anomalies(self) -> ActionResult:
        """Give days on which a service cost far more than the four weeks before."""
        interval = self.params["DateInterval"]
        start = date.fromisoformat(interval["StartDate"][:10])
        end = date.fromisoformat((interval.get("EndDate") or self.now.date().isoformat())[:10])
        found = [each for each in self._anomalies() if start <= date.fromisoformat(each["AnomalyStartDate"]) <= end]
        items, token = page(found, self.params.get("NextPageToken"), int(self.params.get("MaxResults") or PAGE))
        return ActionResult({"Anomalies": list(items), **({"NextPageToken": token} if token else {})})

    def get_anomaly_monitors(self) -> ActionResult:
        """Describe the one monitor: by service."""
        monitor = {
            "MonitorArn": self._monitor(),
            "MonitorName": "Default-Services-Monitor",
            "CreationDate": opened(self.now).date().isoformat(),
            "MonitorType": "DIMENSIONAL",
            "MonitorDimension": "SERVICE",
        }
        return ActionResult({"AnomalyMonitors": [monitor]})

    def get_cost_comparison_drivers(self) -> ActionResult:
        """Give what changed most between two months, by group, with the usage types behind it."""
        given = self.params
        before, after = (self._month(given[f"{name}TimePeriod"]) for name in ("Baseline", "Comparison"))
        by = given.get("GroupBy") or [{"Type": "DIMENSION", "Key": "SERVICE"}]
        first, second = (grouped(selected(lines, given.get("Filter")), by) for lines in (before, after))
        moved = {keys: _cost(second.get(keys, ())) - _cost(first.get(keys, ())) for keys in {*first, *second}}
        drivers = [
            {
                "CostSelector": {"Dimensions": {"Key": by[0]["Key"], "Values": list(keys)}},
                "Metrics": {given["MetricForComparison"]: _compared(first.get(keys, ()), second.get(keys, ()))},
                "CostDrivers": _drivers(first.get(keys, ()), second.get(keys, ()), given["MetricForComparison"]),
            }
            for keys in sorted(moved, key=lambda keys: (-abs(moved[keys]), keys))
        ]
        size = int(given.get("MaxResults") or PAGE_OF_DRIVERS)
        items, token = page(drivers, given.get("NextPageToken"), size)
        return ActionResult({"CostComparisonDrivers": list(items), **({"NextPageToken": token} if token else {})})

    # -- what they stand on -------------------------------------------------------------------------------------------

    def _asked(self) -> list[Line]:
        start, end = self.days(self.params["TimePeriod"])
        return [line for line in selected(self.bill(), self.params.get("Filter")) if start <= line.day < end]

    def _values(self, read: Callable[[Line], str], name: str) -> ActionResult:
        wanted = (self.params.get("SearchString") or "").lower()
        values = sorted({value for line in self._asked() if wanted in (value := read(line)).lower()})
        items, token = page(values, self.params.get("NextPageToken"), int(self.params.get("MaxResults") or 1000))
        shown = [{"Value": value, "Attributes": {}} for value in items] if name == "DimensionValues" else list(items)
        more = {"NextPageToken": token} if token else {}
        return ActionResult({name: shown, "ReturnSize": len(shown), "TotalSize": len(values), **more})

    def _usual(self, lines: Iterable[Line]) -> tuple[list[float], float]:
        """Give what each day of the week costs, and the spread of the days around that."""
        today = billed_until(self.now).date()
        days = [today - timedelta(days=n) for n in range(1, LEARNED + 1)]
        costs = _by_day(lines)
        usual = [float(np.mean([costs.get(d, 0.0) for d in days if d.weekday() == w])) for w in range(7)]
        return usual, float(np.std([costs.get(day, 0.0) - usual[day.weekday()] for day in days]))

    def _anomalies(self) -> list[dict[str, Any]]:
        found = []
        used = [line for line in self.bill() if line.record == Record.USAGE]
        last = billed_until(self.now).date()
        for (service, account), lines in grouped(used, [_by("SERVICE"), _by("LINKED_ACCOUNT")]).items():
            costs = _by_day(lines)
            for day in sorted(costs):
                past = [costs.get(day - timedelta(days=n), 0.0) for n in range(1, LEARNED + 1)]
                expected, spread = float(np.median(past)), float(np.std(past))
                beyond = costs[day] - expected
                whole = day - timedelta(days=LEARNED) >= min(costs) and day < last
                if whole and beyond > max(float(LEAST), UNUSUAL * spread):
                    found.append(self._anomaly(service, account, day, costs[day], expected, lines))
        return sorted(found, key=lambda each: each["AnomalyStartDate"], reverse=True)

    def _anomaly(
        self, service: str, account: str, day: date, cost: float, expected: float, lines: Sequence[Line]
    ) -> dict[str, Any]:
        dearest = max((line for line in lines if line.day == day), key=lambda line: line.cost)
        return {
            "AnomalyId": f"{service}-{account}-{day}".replace(" ", "-").lower(),
            "AnomalyStartDate": day.isoformat(),
            "AnomalyEndDate": day.isoformat(),
            "DimensionValue": service,
            "RootCauses": [
                {
                    "Service": service,
                    "Region": dearest.region,
                    "LinkedAccount": account,
                    "LinkedAccountName": self._ground.bills.names().get(account, account),
                    "UsageType": dearest.usage_type,
                    "Impact": {"Contribution": cost - expected},
                }
            ],
            "AnomalyScore": {"MaxScore": 0.9, "CurrentScore": 0.9},
            "Impact": {
                "MaxImpact": cost - expected,
                "TotalImpact": cost - expected,
                "TotalActualSpend": cost,
                "TotalExpectedSpend": expected,
                "TotalImpactPercentage": 100 * (cost - expected) / expected if expected else 0.0,
            },
            "MonitorArn": self._monitor(),
        }

    def _monitor(self) -> str:
        return f"arn:aws:ce::{self.scope.account}:anomalymonitor/{MONITOR}"

    def _month(self, period: Mapping[str, str]) -> list[Line]:
        start, end = self.days(period)
        return [line for line in self.bill() if start <= line.day < end]


def _by(key: str) -> Mapping[str, str]:
    return {"Type": "DIMENSION", "Key": key}


def _by_day(lines: Iterable[Line]) -> dict[date, float]:
    costs: dict[date, float] = {}
    for line in lines:
        costs[line.day] = costs.get(line.day, 0.0) + float(line.cost)
    return costs


def _cost(lines: Iterable[Line]) -> Decimal:
    return sum((line.cost for line in lines), Decimal(0))


def _compared(before: Iterable[Line], after: Iterable[Line]) -> dict[str, str]:
    old, new = _cost(before), _cost(after)
    return {
        "BaselineTimePeriodAmount": f"{old:f}",
        "ComparisonTimePeriodAmount": f"{new:f}",
        "Difference": f"{new - old:f}",
        "Unit": "USD",
    }


def _drivers(before: Iterable[Line], after: Iterable[Line], metric: str) -> list[dict[str, Any]]:
    old, new = (grouped(lines, [_by("USAGE_TYPE")]) for lines in (before, after))
    names = sorted({*old, *new}, key=lambda key: -abs(_cost(new.get(key, ())) - _cost(old.get(key, ()))))
    return [
        {
            "Type": "USAGE_CHANGE",
            "Name": name[0],
            "Metrics": {metric: _compared(old.get(name, ()), new.get(name, ()))},
        }
        for name in names
        if _cost(old.get(name, ())) != _cost(new.get(name, ()))
    ]


def _text(value: float) -> str:
    return f"{Decimal(repr(value)):.10f}"

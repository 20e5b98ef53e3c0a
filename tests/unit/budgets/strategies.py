"""Budgets of every shape, for properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from budgets.definition import Alert, AutoAdjust, BudgetDefinition, CostTypes, Kind, Limit, Subscriber, TimeUnit

mails = st.builds(Subscriber, st.just("EMAIL"), st.sampled_from([f"{name}@b.test" for name in "abcdef"]))
topics = st.builds(
    Subscriber, st.just("SNS"), st.sampled_from([f"arn:aws:sns:us-east-1:111111111111:{n}" for n in "xy"])
)
told = st.tuples(st.lists(mails, max_size=4, unique=True), st.lists(topics, max_size=1)).map(
    lambda both: (*both[0], *both[1])
)
alerts = st.builds(
    Alert,
    st.sampled_from(["ACTUAL", "FORECASTED"]),
    st.sampled_from([Decimal(50), Decimal(80), Decimal(100)]),
    st.just("PERCENTAGE"),
    st.just("GREATER_THAN"),
    told.filter(bool),
)
amounts = st.decimals("0.01", "9999", places=2)
instants = st.integers(1_577_836_800, 1_900_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
limited = st.one_of(
    st.builds(Limit, amounts).map(lambda limit: {"limit": limit}),
    st.builds(AutoAdjust, st.just("HISTORICAL"), st.integers(1, 4)).map(lambda it: {"auto_adjust": it}),
    st.lists(st.tuples(instants, st.builds(Limit, amounts)), min_size=1, max_size=3, unique_by=lambda p: p[0]).map(
        lambda planned: {"planned": tuple(sorted(planned, key=lambda pair: pair[0]))}
    ),
)
budgets = st.builds(
    lambda budget, limit: replace(budget, **limit, **({"time_unit": TimeUnit.MONTHLY} if "planned" in limit else {})),
    st.builds(
        BudgetDefinition,
        st.just("month"),
        st.just(Kind.COST),
        st.sampled_from([TimeUnit.DAILY, TimeUnit.MONTHLY, TimeUnit.QUARTERLY]),
        cost_types=st.none() | st.builds(CostTypes, credit=st.booleans(), refund=st.booleans(), tax=st.booleans()),
        filters=st.sampled_from([(), (("Region", ("eu-west-1", "us-east-1")),), (("Service", ("AWS Lambda",)),)]),
        start=st.none() | instants,
        alerts=st.lists(alerts, max_size=5, unique_by=lambda a: (a.of, a.threshold)).map(tuple),
    ),
    limited,
)

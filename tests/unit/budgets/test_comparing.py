"""What changed between two periods."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from budgets.comparing import Kind, added, changes


def amounts(**groups: str | None) -> dict[tuple[str | None, ...], Decimal | None]:
    return {(name,): None if text is None else Decimal(text) for name, text in groups.items()}


def test_new_gone_more_less_same_and_unknown() -> None:
    before = amounts(gone="2", more="1", less="1", same="1", unknown=None)
    after = amounts(new="-3", more="1.5", less="0.75", same="1", unknown="9")
    assert [(each.key[0], str(each.kind), each.difference) for each in changes(before, after)] == [
        ("new", "new", Decimal(-3)),
        ("gone", "gone", Decimal(-2)),
        ("more", "more", Decimal("0.5")),
        ("less", "less", Decimal("-0.25")),
        ("same", "same", Decimal(0)),
        ("unknown", "unknown", None),
    ]


SIDE = st.dictionaries(
    st.tuples(st.sampled_from("abcdef")), st.decimals(-(10**9), 10**9, places=18, allow_nan=False), max_size=6
)


@given(before=SIDE, after=SIDE)
def test_differences_add_up_to_the_difference_of_the_wholes(
    before: dict[tuple[str | None, ...], Decimal | None], after: dict[tuple[str | None, ...], Decimal | None]
) -> None:
    found = changes(before, after)
    wholes = added([added(after.values()), -(added(before.values()) or Decimal(0))])
    assert (added(each.difference for each in found) or Decimal(0)) == wholes
    assert {each.key for each in found} == {*before, *after}
    assert all(each.kind is not Kind.UNKNOWN for each in found)

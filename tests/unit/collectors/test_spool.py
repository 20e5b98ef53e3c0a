"""The spool: nothing accepted is lost and nothing is sent twice beyond what is counted, wherever a process ends."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from collectors.custom_delivery import Delivery
from collectors.custom_rules import OLDEST_MS, Definition
from collectors.spool import segments
from collectors.spool.folder import Spool, SpoolDownError, SpoolFullError
from collectors.spool.journal import PAGE, Counts, Journal, Round, State
from collectors.spool.register import QuotaReachedError, Register
from collectors.spool.segments import EXTREMES, HEADER, SET, SLOT, slot
from tests.unit.collectors.pushed import Arrivals, KilledError, ScriptedPush

NOW = 1_795_000_000_000
LOAD, OTHER = Definition("Shop", "Load"), Definition("Other", "Load", (("Page", "/"),))


def spool_in(path: Path, *, quota: int = 10, most_bytes: int = 10**7, patience: float = 5.0) -> Spool:
    return Spool(path, quota=quota, most_bytes=most_bytes, patience=patience)


def admitted(spool: Spool, metric: Definition = LOAD) -> Definition:
    found, _ = spool.admit(metric, now_ms=NOW, fold=False)
    return found


def clock() -> int:
    return NOW


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return spool_in(tmp_path / "spool")


class SpoolMachine(RuleBasedStateMachine):
    """Two processes put into one spool; delivery fails in every way, and both are killed at any step."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.arrivals = Arrivals()
        self.push = ScriptedPush(self.arrivals)
        self.accepted: Counter[tuple[str, float]] = Counter()
        self.next = 0.0
        self.spools = [spool_in(self.folder), spool_in(self.folder)]

    @rule(which=st.integers(0, 1), many=st.integers(1, 60), metric=st.sampled_from([LOAD, OTHER]))
    def put(self, which: int, many: int, metric: Definition) -> None:
        admitted(self.spools[which], metric)
        for _ in range(many):
            self.next += 1
            self.spools[which].append(slot(metric.id, NOW - int(self.next) * 1000, self.next, 1), now_ms=NOW)
            self.accepted[metric.name, self.next] += 1

    @rule(
        which=st.integers(0, 1),
        script=st.lists(
            st.sampled_from(["ok", "throttled", "answer lost", "failed halfway", "killed before", "killed after"]),
            max_size=4,
        ),
    )
    def deliver(self, which: int, script: list[str]) -> None:
        self.push.script = script
        self.try_to_deliver(which)

    @rule(which=st.integers(0, 1), step=st.integers(0, 12))
    def deliver_and_be_killed_at_a_write(self, which: int, step: int) -> None:
        self.push.script, left, real = [], [step], os.pwrite

        def dying(handle: int, data: Any, offset: int) -> int:
            if not left[0]:
                raise KilledError
            left[0] -= 1
            return real(handle, data, offset)

        os.pwrite = dying
        try:
            self.try_to_deliver(which)
        finally:
            os.pwrite = real

    def try_to_deliver(self, which: int) -> None:
        try:
            Delivery(self.spools[which], self.push, clock=clock).deliver()
        except KilledError:
            self.kill(which)

    @rule(which=st.integers(0, 1))
    def kill(self, which: int) -> None:
        """As the kernel does: what is open is closed, and nothing else happens."""
        dead = self.spools[which]
        if dead._segment is not None:
            dead._segment.close()
        self.spools[which] = spool_in(self.folder)

    @invariant()
    def what_is_left_over_is_counted(self) -> None:
        counts = self.spools[0].journal.read().counts
        assert not self.arrivals.values - (self.accepted + self.arrivals.values), "nothing is made up"
        assert set(self.arrivals.values) <= set(self.accepted)
        assert counts.dropped == counts.rejected == counts.damaged == 0

    @precondition(lambda self: self.accepted)
    @rule()
    def in_the_end_all_is_delivered(self) -> None:
        self.push.script = []
        assert Delivery(self.spools[0], self.push, clock=clock).deliver().failed is None
        counts = self.spools[0].journal.read().counts
        twice = self.arrivals.values - self.accepted
        assert not self.accepted - self.arrivals.values, "accepted is delivered"
        assert twice.total() <= counts.repeated, "what AWS may count twice is counted by us"
        assert counts.delivered == self.accepted.total()
        assert segments.bytes_waiting(self.folder) == 0

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.in_the_end_all_is_delivered()
            shutil.rmtree(self.folder)


TestSpoolMachine = SpoolMachine.TestCase
TestSpoolMachine.settings = hypothesis_settings(max_examples=40, stateful_step_count=20, deadline=None)


def test_a_metric_is_known_to_every_process(tmp_path: Path) -> None:
    one, other = spool_in(tmp_path), spool_in(tmp_path)
    admitted(one)
    assert other.find(LOAD.id) == LOAD
    assert other.price([LOAD, OTHER], now_ms=NOW).adding == 1


def test_a_line_that_was_not_written_to_the_end_is_written_over(tmp_path: Path) -> None:
    one = Register(tmp_path, quota=10, patience=1)
    one.admit(LOAD, now_ms=NOW, fold=False)
    with (tmp_path / "metrics.log").open("ab") as file:
        file.write(b'0000 ["half')
    other = Register(tmp_path, quota=10, patience=1)
    other.admit(OTHER, now_ms=NOW, fold=False)
    third = Register(tmp_path, quota=10, patience=1)
    assert third.of_month("2026-11") == tuple(sorted((LOAD, OTHER), key=str))


def by_page(page: str, browser: str = "Firefox") -> Definition:
    return Definition("Shop", "Load", (("Browser", browser), ("Page", page)))


def test_above_the_quota_a_metric_is_refused_with_its_price(tmp_path: Path) -> None:
    register = Register(tmp_path, quota=2, patience=1)
    for page in ("/", "/a", "/a"):
        register.admit(by_page(page), now_ms=NOW, fold=False)
    with pytest.raises(
        QuotaReachedError, match=r"metric 3 of this month and the quota is 2: this adds 1 metric, \$0.00"
    ):
        register.admit(by_page("/b"), now_ms=NOW, fold=False)
    assert len(Register(tmp_path, quota=2, patience=1).of_month("2026-11")) == 2, "state survives"
    register.admit(by_page("/b"), now_ms=NOW + 31 * 86_400_000, fold=False)  # the next month begins anew


def test_processes_that_race_never_pass_the_quota_together(tmp_path: Path) -> None:
    def admit(number: int) -> bool:
        register = Register(tmp_path, quota=5, patience=30)
        try:
            register.admit(by_page(f"/{number}"), now_ms=NOW, fold=False)
        except QuotaReachedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(admit, range(16))) == 5
    assert len(Register(tmp_path, quota=5, patience=1).of_month("2026-11")) == 5


def test_a_unit_makes_no_second_metric(tmp_path: Path) -> None:
    register = Register(tmp_path, quota=1, patience=1)
    register.admit(LOAD, now_ms=NOW, fold=False)
    register.admit(Definition("Shop", "Load", (), "Seconds"), now_ms=NOW, fold=False)


def test_folding_drops_the_dimension_with_the_most_values(tmp_path: Path) -> None:
    register = Register(tmp_path, quota=3, patience=1)
    for page in ("/", "/a", "/b"):
        register.admit(by_page(page), now_ms=NOW, fold=True)
    folded, price = register.admit(by_page("/c"), now_ms=NOW, fold=True)
    assert folded.dimensions == (), "no set without Page is known, so the one without dimensions, one above the quota"
    assert price.known + price.adding == 4
    assert register.admit(by_page("/d", "Safari"), now_ms=NOW, fold=True)[0] == folded
    assert register.admit(by_page("/a"), now_ms=NOW, fold=True)[0] == by_page("/a"), "what is known stays itself"


def test_folding_into_a_set_that_is_known(tmp_path: Path) -> None:
    register = Register(tmp_path, quota=3, patience=1)
    by_browser = Definition("Shop", "Load", (("Browser", "Firefox"),))
    for metric in (by_browser, by_page("/"), by_page("/a")):
        register.admit(metric, now_ms=NOW, fold=True)
    assert register.admit(by_page("/b"), now_ms=NOW, fold=True)[0] == by_browser


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**62), st.floats(), st.floats()), max_size=20))
def test_all_checksums_at_once_are_each_slots_own(given_slots: list[tuple[int, int, float, float]]) -> None:
    slots = np.frombuffer(b"".join(slot(*each) for each in given_slots), SLOT)
    assert segments._checksums(slots).tolist() == slots["sum"].tolist()


def test_a_damaged_slot_is_counted_and_the_rest_is_delivered(spool: Spool) -> None:
    metric = admitted(spool)
    for value in (1.0, 2.0, 3.0):
        spool.append(slot(metric.id, NOW, value, 1), now_ms=NOW)
    (path,) = [each.path for each in segments.waiting(spool.path)]
    with path.open("r+b") as file:
        file.seek(HEADER + SLOT.itemsize + 20)
        file.write(b"\xff")
    arrivals = Arrivals()
    Delivery(spool, ScriptedPush(arrivals), clock=clock).deliver()
    assert arrivals.values == Counter({("Load", 1.0): 1, ("Load", 3.0): 1})
    assert spool.journal.read().counts == Counts(delivered=2, damaged=1, requests=1)


def test_a_file_that_is_not_ours_is_left_alone(spool: Spool) -> None:
    foreign = spool.path / "00000000000001-1-x.points"
    foreign.write_bytes(b"somebody's notes" * 100)
    assert spool.status(now_ms=NOW).waiting == 0
    Delivery(spool, ScriptedPush(Arrivals()), clock=clock).deliver()
    assert foreign.exists()


def test_a_file_that_somebody_removed_is_counted_and_no_dead_end(spool: Spool) -> None:
    metric, push = admitted(spool), ScriptedPush(Arrivals())
    spool.append(slot(metric.id, NOW, 1, 1), now_ms=NOW)
    push.script = ["throttled"]
    Delivery(spool, push, clock=clock).deliver()
    for path in spool.path.glob("*.points"):
        path.unlink()
    spool.close()
    spool.append(slot(metric.id, NOW, 2, 1), now_ms=NOW)
    assert Delivery(spool, push, clock=clock).deliver().failed is None
    assert push.arrivals.values == Counter({("Load", 2.0): 1})
    assert spool.journal.read().counts == Counts(delivered=1, damaged=1, requests=2)


def test_half_a_set_waits_for_its_other_half(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    metric, arrivals = admitted(spool), Arrivals()
    monkeypatch.setattr("collectors.custom_delivery.ROUND_SLOTS", 2)
    spool.append(slot(metric.id, NOW, 1, 1), now_ms=NOW)
    spool.append(slot(metric.id, NOW, 2, 6, SET) + slot(metric.id, NOW, 2, 4, EXTREMES), now_ms=NOW)
    Delivery(spool, ScriptedPush(arrivals), clock=clock).deliver()
    assert arrivals.values == Counter({("Load", 1.0): 1, ("Load", 6.0): 1})


def test_half_a_set_is_damage_only_when_its_process_is_gone(spool: Spool) -> None:
    metric, arrivals = admitted(spool), Arrivals()
    delivery = Delivery(spool, ScriptedPush(arrivals), clock=clock)
    spool.append(slot(metric.id, NOW, 2, 6, SET), now_ms=NOW)  # as a reader may see a write that is not over
    delivery.deliver()
    spool.append(slot(metric.id, NOW, 2, 4, EXTREMES), now_ms=NOW)
    delivery.deliver()
    assert arrivals.values == Counter({("Load", 6.0): 1})
    spool.append(slot(metric.id, NOW, 2, 6, SET), now_ms=NOW)
    spool.close()
    delivery.deliver()
    assert spool.journal.read().counts.damaged == 1
    assert spool.status(now_ms=NOW).waiting == 0


def test_only_what_is_older_than_aws_takes_is_dropped_and_counted(spool: Spool) -> None:
    metric, arrivals = admitted(spool), Arrivals()
    for age in (0, OLDEST_MS // 2, OLDEST_MS):
        spool.append(slot(metric.id, NOW - age, float(age), 1), now_ms=NOW)
    Delivery(spool, ScriptedPush(arrivals), clock=lambda: NOW + 120_000).deliver()
    assert set(arrivals.values) == {("Load", 0.0), ("Load", float(OLDEST_MS // 2))}
    assert spool.journal.read().counts == Counts(delivered=2, dropped=1, requests=1)


def test_the_oldest_file_leaves_first(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    metric = admitted(spool)
    monkeypatch.setattr(segments, "SEGMENT_BYTES", HEADER + SLOT.itemsize)
    monkeypatch.setattr("collectors.custom_delivery.ROUND_SLOTS", 1)
    order: list[float] = []

    class Noting(ScriptedPush):
        def put(self, _namespace: str, body: bytes, /) -> None:
            before = set(self.arrivals.values)
            super().put(_namespace, body)
            order.extend(value for _, value in set(self.arrivals.values) - before)

    for n in range(5):
        spool.append(slot(metric.id, NOW, float(n), 1), now_ms=NOW + n)
    Delivery(spool, Noting(Arrivals()), clock=clock).deliver()
    assert order == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert len(list(spool.path.glob("*.points"))) == 1, "only the one that is still written to is left"


def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, most_bytes=2 * SLOT.itemsize)
    metric = admitted(spool)
    for n in range(2):
        spool.append(slot(metric.id, NOW, n, 1), now_ms=NOW)
    with pytest.raises(SpoolFullError, match="holds 80 bytes that are not delivered, and may hold 80"):
        spool.append(slot(metric.id, NOW, 3, 1), now_ms=NOW)
    assert spool.status(now_ms=NOW).waiting == 2
    assert spool.status(now_ms=NOW).oldest_ms == NOW


def test_a_thread_that_hangs_in_the_disk_holds_others_for_the_setting_only(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, patience=0.01)
    with spool._lock, pytest.raises(SpoolDownError, match=r"for more than 0.01 s; is the disk slow\?"):
        spool.append(slot(1, NOW, 1, 1), now_ms=NOW)


def test_what_was_refused_is_counted_over_processes(tmp_path: Path) -> None:
    one, other = spool_in(tmp_path), spool_in(tmp_path)
    one.refuse("quota")
    other.refuse("quota")
    other.refuse("full")
    one.note_refused()
    assert other.refused() == {"quota": 2, "full": 1}
    other.close()
    assert spool_in(tmp_path).refused() == {"quota": 2, "full": 1}


def test_a_torn_page_of_the_journal_leaves_the_one_before(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    assert journal.read() == State()
    first = State(Round((("a", 64, 104),), 1, 2, under_way=True), Counts(delivered=5), "throttled")
    journal.write(first)
    journal.write(State())
    again = Journal(tmp_path / "journal")
    assert again.read() == State()
    with (tmp_path / "journal").open("r+b") as file:
        file.seek(again._number % 2 * PAGE + 20)
        file.write(b"torn")
    assert again.read() == first


def test_a_round_of_another_format_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal: Any = Journal(tmp_path / "journal")
    journal.write(State(Round((("a", 64, 104),)), Counts(delivered=5)))
    monkeypatch.setattr("collectors.spool.journal.FORMAT", 2)
    assert journal.read() == State(None, Counts(delivered=5))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolDownError, match="file/spool cannot be used: Not a directory; name another"):
        spool_in(tmp_path / "file" / "spool")

"""Where access logs lie: names of files say which five minutes they are about.

bucket[/prefix]/AWSLogs/account/elasticloadbalancing/region/yyyy/mm/dd/account_elasticloadbalancing_region_app.name.id_
20260215T2340Z_address_random.log.gz, as
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html has it. The time is
the end of the five minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from core.reading import Scope
from core.timespan import Timespan

INTERVAL: Final = timedelta(minutes=5)
MOST_DAYS: Final = 8
"""Days of one look: each is listed by a request of its own."""
_NAME: Final = re.compile(
    r"\d{12}_elasticloadbalancing_[a-z0-9-]+_app\.[\w.-]{1,200}?_(?P<end>\d{8}T\d{4})Z_[\w.:-]{1,60}_\w{1,40}\.log\.gz"
)


def end_of(name: str) -> datetime | None:
    """Give the end of the time that a file is about; None where its name is another's.

    >>> name = "123456789012_elasticloadbalancing_us-east-2_app.web.1234abcd_20220215T2340Z_10.0.0.1_20sg8hgm.log.gz"
    >>> str(end_of(name))
    '2022-02-15 23:40:00+00:00'
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return datetime.strptime(found["end"], "%Y%m%dT%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None


def is_about(name: str, span: Timespan) -> bool:
    """Say whether a file may hold requests of a span; one whose name says nothing may."""
    end = end_of(name)
    return end is None or (span.start < end and end - INTERVAL < span.end)


def chosen(paths: Iterable[Path], span: Timespan) -> tuple[Path, ...]:
    """Give the files that may hold requests of a span."""
    return tuple(path for path in paths if is_about(path.name, span))


def covered(paths: Iterable[Path]) -> tuple[Timespan, ...] | None:
    """Give the times that files are about; None where the name of one says nothing."""
    ends = {end_of(path.name) for path in paths}
    if None in ends:
        return None
    return tuple(Timespan(end - INTERVAL, end) for end in sorted(end for end in ends if end is not None))


def folders(prefix: str, scope: Scope, span: Timespan) -> Iterator[str]:
    """Give the folder of each day of a span below a prefix; the last five minutes of a day may lie in the next."""
    before = prefix.partition("AWSLogs")[0].strip("/")
    day, last = span.start.date(), (span.end + INTERVAL).date()
    while day <= last:
        parts = (before, "AWSLogs", scope.account, "elasticloadbalancing", scope.region, f"{day:%Y/%m/%d}")
        yield "/".join(part for part in parts if part) + "/"
        day += timedelta(days=1)

"""Recorded CloudWatch series served as metrics that end now.

Each `*.csv` under the folder is one series: the header `timestamp,value`, then ISO times (read as UTC where they have
no zone) and numbers. All of a file moves by the same whole minutes, so that the period of its last point has just
ended; gaps stay gaps, and a time that was recorded twice is there twice. The file's name says which metric it is:

| file | metric |
|---|---|
| `ec2_cpu_utilization_<id>.csv` | AWS/EC2 CPUUtilization {InstanceId=i-<id>} |
| `ec2_network_in_<id>.csv`, `ec2_network_out_<id>.csv` | AWS/EC2 NetworkIn, NetworkOut {InstanceId=i-<id>} |
| `ec2_disk_write_bytes_<id>.csv`, `ec2_disk_read_bytes_<id>.csv` | AWS/EC2 DiskWriteBytes, DiskReadBytes {…} |
| `rds_cpu_utilization_<id>.csv` | AWS/RDS CPUUtilization {DBInstanceIdentifier=<id>} |
| `elb_request_count_<id>.csv` | AWS/ELB RequestCount {LoadBalancerName=<id>} |
| any other, such as `checkout_latency.csv` | Replay CheckoutLatency |
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from core.series import MetricId, Times, Values
from core.timespan import parse_instant
from demo.metric_store import MetricStore

HEADER: Final = ["timestamp", "value"]
SHORTEST_STEP: Final = 60
"""Seconds; a series of one point lasts a minute."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file-name prefix stands for."""

    prefix: str
    namespace: str
    name: str
    dimension: str
    id_prefix: str
    unit: str


KINDS: Final = (
    Kind("ec2_cpu_utilization_", "AWS/EC2", "CPUUtilization", "InstanceId", "i-", "Percent"),
    Kind("ec2_network_in_", "AWS/EC2", "NetworkIn", "InstanceId", "i-", "Bytes"),
    Kind("ec2_network_out_", "AWS/EC2", "NetworkOut", "InstanceId", "i-", "Bytes"),
    Kind("ec2_disk_write_bytes_", "AWS/EC2", "DiskWriteBytes", "InstanceId", "i-", "Bytes"),
    Kind("ec2_disk_read_bytes_", "AWS/EC2", "DiskReadBytes", "InstanceId", "i-", "Bytes"),
    Kind("rds_cpu_utilization_", "AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "", "Percent"),
    Kind("elb_request_count_", "AWS/ELB", "RequestCount", "LoadBalancerName", "", "Count"),
)
OTHER_NAMESPACE: Final = "Replay"


@dataclass(frozen=True, slots=True)
class Recording:
    """One file as it was recorded."""

    metric: MetricId
    unit: str | None
    times: Times
    """Epoch seconds as recorded, in the file's order."""
    values: Values

    @property
    def step(self) -> int:
        """The usual seconds from one point to the next."""
        if self.times.size < 2:
            return SHORTEST_STEP
        return max(SHORTEST_STEP, int(np.median(np.diff(np.sort(self.times)))))

    def ending(self, now: datetime) -> Times:
        """Give the times moved by whole minutes so that the last point's period has just ended."""
        late = int(now.timestamp()) - self.step - int(self.times.max())
        return self.times + late // 60 * 60


def read(folder: Path) -> Sequence[Recording]:
    """Read every series under `folder`; raises ValueError that names file and line."""
    files = sorted(folder.rglob("*.csv"))
    if not files:
        raise ValueError(f"{folder} holds no *.csv file; give a folder of recorded series (timestamp,value)")
    return [_recording(path) for path in files]


def replay(recordings: Sequence[Recording], store: MetricStore, *, now: datetime) -> None:
    """Put every recording into `store`, moved to end `now`."""
    for recording in recordings:
        store.put(recording.metric, recording.ending(now), recording.values, unit=recording.unit)


def metric_of(stem: str) -> tuple[MetricId, str | None]:
    """Tell which metric and unit a file name stands for.

    >>> str(metric_of("rds_cpu_utilization_cc0c53")[0])
    'AWS/RDS CPUUtilization {DBInstanceIdentifier=cc0c53}'
    >>> str(metric_of("checkout_latency")[0])
    'Replay CheckoutLatency'
    """
    for kind in KINDS:
        identity = stem.removeprefix(kind.prefix)
        if identity and identity != stem:
            dimensions = ((kind.dimension, kind.id_prefix + identity),)
            return MetricId(kind.namespace, kind.name, dimensions), kind.unit
    return MetricId(OTHER_NAMESPACE, "".join(word.capitalize() for word in stem.split("_"))), None


def _recording(path: Path) -> Recording:
    metric, unit = metric_of(path.stem)
    with path.open(newline="", encoding="utf-8") as file:
        points = list(_points(csv.reader(file), path))
    if not points:
        raise ValueError(f"{path} holds no points; remove it, or give it lines such as 2014-02-14 14:30:00,0.132")
    times, values = zip(*points, strict=True)
    return Recording(metric, unit, np.array(times, np.int64), np.array(values, np.float64))


def _points(lines: Iterator[list[str]], path: Path) -> Iterator[tuple[int, float]]:
    header = next(lines, None)
    if header != HEADER:
        raise ValueError(f"{path} begins with {header!r}; a recorded series begins with the line timestamp,value")
    for number, line in enumerate(lines, start=2):
        try:
            time, value = line
            point = int(parse_instant(time).timestamp()), float(value)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {line!r} is not a time and a number") from error
        if not math.isfinite(point[1]):
            raise ValueError(f"{path}, line {number}: {value!r} is not a finite number")
        yield point

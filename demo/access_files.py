"""The load balancers' access logs as objects in S3, listed when somebody looks and made when somebody reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from moto.s3.models import FakeKey, s3_backends

from core.timespan import from_epoch
from demo.ground import Ground
from demo.logs.balancer import DELIVERED, FILE_SECONDS, AccessLogs, Node
from demo.noise import key

KEPT_SECONDS: Final = 2 * 86_400
"""The bucket's lifecycle deletes what is older."""


class LogFile(FakeKey):
    """One file, made each time it is read."""

    def __init__(self, name: str, bucket: str, logs: AccessLogs, start: int, node: Node, *, size: int) -> None:
        scope = logs.journal.site.scope
        self._made = (logs, start, node)
        self.start = start
        super().__init__(
            name, b"", scope.account, scope.region, etag=f"{key(name):016x}{key(name, 2):016x}", bucket_name=bucket
        )
        self.contentsize = size
        self.last_modified = _naive(start + FILE_SECONDS + DELIVERED)

    @property
    def value(self) -> bytes:
        logs, start, node = self._made
        return logs.file(start, node)

    @value.setter
    def value(self, new_value: bytes) -> None:
        """Nothing is kept of a file."""


class AccessFiles:
    """Keeps each site's bucket of access logs as long as its load balancer writes."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._listed: dict[str, int] = {}
        """Bucket -> epoch seconds up to which files are listed."""

    def refresh(self) -> None:
        """List what has been delivered since the last look. Callers hold the lock."""
        now = int(self._ground.clock.now().timestamp())
        until = (now - DELIVERED) // FILE_SECONDS * FILE_SECONDS
        for logs in self._ground.access_logs:
            name = logs.journal.site.access_bucket
            founded = -int(-logs.journal.founded.timestamp() // FILE_SECONDS) * FILE_SECONDS
            since = self._listed.get(name, max(founded, until - KEPT_SECONDS))
            if name and since < until:
                self._list(name, logs, since, until)
                self._listed[name] = until

    def _list(self, name: str, logs: AccessLogs, since: int, until: int) -> None:
        scope = logs.journal.site.scope
        backend: Any = s3_backends[scope.account]["aws"]
        if name not in backend.buckets:
            backend.create_bucket(name, scope.region)
            backend.put_object(name, f"AWSLogs/{scope.account}/ELBAccessLogTestFile", b"Enable AccessLog for ELB")
        keys = backend.buckets[name].keys
        files = [each for each in keys.items() if isinstance(each[1], LogFile)]
        for gone in [each for each, file in files if file.start < until - KEPT_SECONDS]:
            del keys[gone]
        starts = range(since, until, FILE_SECONDS)
        for start, size in zip(starts, logs.sizes(since, until), strict=True):
            for node in logs.nodes():
                made = logs.key(start, node)
                keys[made] = LogFile(made, name, logs, start, node, size=size)


def _naive(seconds: int) -> datetime:
    return from_epoch(seconds).astimezone(UTC).replace(tzinfo=None)

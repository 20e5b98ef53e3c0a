"""CloudWatch Logs: Logs Insights queries, the records and fields that they see, and queries that were saved."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from demo.aws.errors import AwsError
from demo.aws.log_frame import LogFrame, answer, invalid
from demo.insights.errors import QueryError
from demo.insights.parsing import Query, parse
from demo.insights.queries import AT_ONCE, ENDED, Queries, Started
from demo.insights.record import Record
from demo.insights.running import Run, default_limit
from demo.insights.values import text
from demo.logs.book import LogGroup
from demo.logs.events import place_of
from demo.logs.reading import Wanted, page

PAGE_ROWS: Final = 10_000
PAGE: Final = 1000
SAMPLE: Final = 500
"""Lines in which fields are looked for."""
MOST_GROUPS: Final = 50
AROUND_SECONDS: Final = 8 * 60
LATEST_SECONDS: Final = 15 * 60
SCANNED: Final = ("AmazonCloudWatch", "DataScanned-Bytes")


class LogQueries(LogFrame):
    """StartQuery and what follows it."""

    @property
    def queries(self) -> Queries:
        return self._ground.queries.of(self.scope)

    # --- running ----------------------------------------------------------------------------------------------------

    def start_query(self) -> Any:
        """Start a query over a span of one or more groups."""
        if self.params.get("queryLanguage", "CWLI") != "CWLI":
            raise invalid("The demo cloud runs the query language CWLI only.")
        names = self._group_names()
        first, last = self._span()
        query = self._query()
        now = self.now.timestamp()
        if self.queries.running(now) >= AT_ONCE:
            raise AwsError("LimitExceededException", f"Account maximum query concurrency limit of [{AT_ONCE}] reached.")
        limit = default_limit(query, self.params.get("limit"))
        run = Run(query, [self.group(name) for name in names], first=first, last=last, limit=limit)
        return answer(queryId=self.queries.start(query, names, run, scope=self.scope, now=now).id)

    def get_query_results(self) -> Any:
        """Give what a query has found so far, with what it has looked at."""
        started = self._started("ResourceNotFoundException")
        now = self.now.timestamp()
        with started.lock:
            started.go_on(now)
            rows, status = started.found() if started.status(now) != "Scheduled" else [], started.status(now)
            self._bill(started)
        token, most = self.params.get("nextToken"), self.params.get("maxItems") or PAGE_ROWS
        begin = self.said(token, about=started.id)["at"] if token else 0
        ended = begin + most >= len(rows) or status not in ENDED
        more = {} if ended else {"nextToken": self.token(about=started.id, at=begin + most)}
        seen = started.statistics
        statistics = {
            "recordsMatched": float(seen.matched),
            "recordsScanned": float(seen.scanned),
            "estimatedRecordsSkipped": 0.0,
            "bytesScanned": float(seen.size),
            "estimatedBytesSkipped": 0.0,
            "logGroupsScanned": float(len(started.groups)),
        }
        page = rows[begin : begin + most]
        return answer(queryLanguage="CWLI", results=page, statistics=statistics, status=status, **more)

    def stop_query(self) -> Any:
        """Cancel a query that runs; what it has found stays."""
        started = self._started("InvalidParameterException")
        now = self.now.timestamp()
        with started.lock:
            if started.ended:
                raise invalid(f"Query [{started.id}] is not in a valid state to be stopped: {started.ended}")
            started.end("Cancelled", now)
        return answer(success=True)

    def describe_queries(self) -> Any:
        """Give the queries of late, newest first, by group and status."""
        now, group, status = self.now.timestamp(), self.params.get("logGroupName"), self.params.get("status")
        found = [
            self._told(started, now)
            for started in self.queries.all()
            if (group is None or group in started.groups) and status in {None, started.status(now)}
        ]
        most = int(self.params.get("maxResults") or PAGE)
        token = self.params.get("nextToken")
        begin = self.said(token, about="queries")["at"] if token else 0
        more = {"nextToken": self.token(about="queries", at=begin + most)} if len(found) > begin + most else {}
        return answer(queries=found[begin : begin + most], **more)

    # --- records and fields -----------------------------------------------------------------------------------------

    def get_log_record(self) -> Any:
        """Give every field of the line that a result's @ptr points at."""
        label, _, identity = self.params["logRecordPointer"].rpartition("/")
        _, _, name = label.partition(":")
        try:
            place = place_of(identity)
        except ValueError as error:
            raise invalid("The specified log record pointer is invalid.") from error
        group = self.group(name)
        rows = group.rows(place.milliseconds // 60_000 * 60)
        row = next((row for row in rows if row[:2] == (place.milliseconds, place.number)), None)
        if row is None:
            raise AwsError("ResourceNotFoundException", "The specified log record does not exist.")
        record = _record(group, row[0], row[2], row[3])
        fields = {name: text(record.get(name)) for name in record.names()}
        shown = {name: value for name, value in fields.items() if value is not None}
        return answer(logRecord={**shown, "@ptr": self.params["logRecordPointer"]})

    def get_log_group_fields(self) -> Any:
        """Give the fields of the group's lines around a time, and in how many of them each is."""
        group, asked = self.group(self.asked_name()), self.params.get("time")
        middle = float(asked) if asked else self.now.timestamp()
        first = middle - (AROUND_SECONDS if asked else LATEST_SECONDS)
        last = middle + (AROUND_SECONDS if asked else 0)
        seen = page(group, Wanted(int(first * 1000), int(last * 1000), limit=SAMPLE), backward=True)
        counted: Counter[str] = Counter()
        for ms, _, stream, message in seen.rows:
            counted.update(set(_record(group, ms, stream, message).names()))
        total = max(1, len(seen.rows))
        fields = [{"name": name, "percent": round(100 * n / total)} for name, n in counted.most_common()]
        return answer(logGroupFields=fields)

    # --- saved queries ----------------------------------------------------------------------------------------------

    def put_query_definition(self) -> Any:
        """Save a query, or change the saved one of this id."""
        given = self.params.get("queryDefinitionId")
        kept = self.queries.definitions
        if given is not None and given not in kept:
            raise AwsError("ResourceNotFoundException", "The specified query definition does not exist.")
        identity = given or Queries.identity(self.scope, "definition", self.params["name"], self.now_ms, len(kept))
        kept[identity] = {
            "queryLanguage": self.params.get("queryLanguage", "CWLI"),
            "queryDefinitionId": identity,
            "name": self.params["name"],
            "queryString": self.params["queryString"],
            "lastModified": self.now_ms,
            "logGroupNames": list(self.params.get("logGroupNames") or ()),
        }
        return answer(queryDefinitionId=identity)

    def describe_query_definitions(self) -> Any:
        """Give saved queries by name, in pages."""
        prefix = self.params.get("queryDefinitionNamePrefix") or ""
        found = sorted(
            (each for each in self.queries.definitions.values() if each["name"].startswith(prefix)),
            key=lambda each: (each["name"], each["queryDefinitionId"]),
        )
        most = int(self.params.get("maxResults") or PAGE)
        token = self.params.get("nextToken")
        begin = self.said(token, about="definitions")["at"] if token else 0
        more = {"nextToken": self.token(about="definitions", at=begin + most)} if len(found) > begin + most else {}
        return answer(queryDefinitions=found[begin : begin + most], **more)

    def delete_query_definition(self) -> Any:
        """Forget a saved query."""
        if self.queries.definitions.pop(self.params["queryDefinitionId"], None) is None:
            raise AwsError("ResourceNotFoundException", "The specified query definition does not exist.")
        return answer(success=True)

    # --- shared -----------------------------------------------------------------------------------------------------

    def _group_names(self) -> list[str]:
        given = [self.params.get(name) for name in ("logGroupName", "logGroupNames", "logGroupIdentifiers")]
        there = [each for each in given if each]
        if len(there) != 1:
            raise invalid("Exactly one of logGroupName, logGroupNames or logGroupIdentifiers must be specified.")
        asked = there[0] if isinstance(there[0], list) else [there[0]]
        if len(asked) > MOST_GROUPS:
            raise invalid(f"At most {MOST_GROUPS} log groups can be queried.")
        return list(dict.fromkeys(str(self.named(each).name) for each in asked))

    def _span(self) -> tuple[int, int]:
        """Read the span, which callers give in seconds or in milliseconds."""
        first, last = (_milliseconds(self.params[name]) for name in ("startTime", "endTime"))
        if last < first:
            raise invalid("End time should not be before start time.")
        return first, last + (999 if self.params["endTime"] < MILLISECONDS_FROM else 0)

    def _query(self) -> Query:
        try:
            return parse(self.params["queryString"], now_ms=self.now_ms)
        except QueryError as error:
            location = {"startCharOffset": error.start, "endCharOffset": error.end}
            members = {"queryCompileError": {"location": location, "message": error.sentence}}
            raise AwsError("MalformedQueryException", error.sentence, members=members) from error

    def _started(self, code: str) -> Started:
        started = self.queries.get(self.params["queryId"])
        if started is None:
            raise AwsError(code, f"Query {self.params['queryId']} not found.")
        return started

    def _bill(self, started: Started) -> None:
        """Count the bytes scanned since the last look."""
        fresh, started.billed = started.statistics.size - started.billed, started.statistics.size
        self._ground.bills.taps.add(self.scope, SCANNED, fresh / 1e9, at=self.now)

    def _told(self, started: Started, now: float) -> dict[str, Any]:
        return {
            "queryLanguage": "CWLI",
            "queryId": started.id,
            "queryString": started.query.text,
            "status": started.status(now),
            "createTime": int(started.at * 1000),
            "logGroupName": started.groups[0],
            "queryDuration": int(started.took * 1000),
            "bytesScanned": float(started.statistics.size),
        }


MILLISECONDS_FROM: Final = 10**11
"""A time from here on is milliseconds: as seconds it would be beyond the year 5000. AWS takes both."""


def _milliseconds(given: int) -> int:
    return given if given >= MILLISECONDS_FROM else given * 1000


def _record(group: LogGroup, ms: int, stream: str, message: str) -> Record:
    return Record({"@timestamp": ms, "@message": message, "@logStream": stream, "@log": group.label})

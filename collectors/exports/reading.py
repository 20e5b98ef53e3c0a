"""Reads an export's rows: what is in each file, totals over all of them, and the rows behind a figure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import duckdb

from collectors.exports import layout, questions
from collectors.exports.columns import AMOUNTS, BILLED, STARTS, Schema
from collectors.exports.engine import answered, literal, opened, reason
from collectors.exports.files import ExportError, ExportFile, Flaw, Kind
from collectors.exports.layout import MOST_REJECTS, Layout
from collectors.exports.questions import MOST_GROUPS, Params, Question, Total
from collectors.exports.versions import without_doubles

MOST_NAMED: Final = 5
"""Broken rows of a file that are named; the others are counted."""
MOST_ROWS: Final = 500
"""Rows that a drill-down brings."""
SHOWN: Final = (
    "Day", "BilledCost", "BillingCurrency", "ChargeCategory", "ServiceName", "UsageType", "ResourceId", "SubAccountId",
    "SubAccountName", "RegionId", "ConsumedQuantity", "ConsumedUnit", "ChargeDescription", "Operation", "EffectiveCost",
    "ListCost", "Tags",
)  # fmt: skip
"""What of a row is brought."""


@dataclass(frozen=True, slots=True)
class Described:
    """Files that can be read, by how their columns stand, and what cannot."""

    layouts: Mapping[Layout, tuple[ExportFile, ...]]
    flaws: tuple[Flaw, ...]

    @property
    def files(self) -> tuple[ExportFile, ...]:
        return tuple(file for files in self.layouts.values() for file in files)

    def only(self, names: Collection[str]) -> Described:
        """Give the same without the files that are not named."""
        kept = {how: tuple(file for file in files if file.name in names) for how, files in self.layouts.items()}
        return Described({how: files for how, files in kept.items() if files}, self.flaws)


@dataclass(frozen=True, slots=True)
class Examined:
    """What is in one file."""

    schema: Schema
    rows: int
    """Rows that can be used."""
    months: tuple[str, ...]
    """Its billing periods, `2026-10`."""
    flaws: tuple[Flaw, ...]


class Reader:
    """An engine over the files of one export."""

    def __init__(
        self, engine: duckdb.DuckDBPyConnection, files: Sequence[ExportFile], paths: Mapping[str, str]
    ) -> None:
        self._engine = engine
        self._files = files
        self._paths = paths

    def describe(self) -> Described:
        """Look at every file's header."""
        found: dict[Layout, list[ExportFile]] = {}
        flaws: list[Flaw] = []
        for file in self._files:
            try:
                found.setdefault(layout.describe(self._engine, file, Path(self._paths[file.name])), []).append(file)
            except ExportError as error:
                flaws.append(Flaw(file.name, str(error)))
            except duckdb.Error as error:
                flaws.append(Flaw(file.name, f"cannot be read: {self._blank(reason(error))}"))
        return Described({each: tuple(files) for each, files in found.items()}, tuple(flaws))

    def examine(self, how: Layout, file: ExportFile) -> Examined:
        """Read one file through and name what of it is broken; raises ExportError where it breaks off."""
        bad = layout.broken(how)
        spots = layout.blemishes(how)
        counts = "".join(f", COUNT(*) FILTER (WHERE ({condition}) AND NOT {bad})" for _, condition, _ in spots)
        query = (
            f"SELECT COUNT(*) FILTER (WHERE NOT {bad}), COUNT(*) FILTER (WHERE {bad}), "  # noqa: S608 - our own names
            f"list_sort(list(DISTINCT {layout.billing_month(how)}) FILTER (WHERE NOT {bad})){counts} "
            f"FROM {how.reader(note=True)}"
        )
        try:
            # All of the answer is taken: before that DuckDB has not noted what it rejected.
            ((rows, lost, months, *spotted),) = self._engine.execute(query, [[self._paths[file.name]]]).fetchall()
            flaws = [*self._rejected(how, file), *self._broken(how, file, lost)]
        except duckdb.Error as error:
            raise ExportError(f"cannot be read: {self._blank(reason(error))}") from error
        flaws += [
            Flaw(file.name, f"{name} of {many:,} {'row' if many == 1 else 'rows'} {what}")
            for (name, _, what), many in zip(spots, spotted, strict=True)
            if many
        ]
        return Examined(how.schema, rows, tuple(f"{each:%Y-%m}" for each in months or ()), tuple(flaws))

    def usable(self) -> tuple[Described, int, tuple[Flaw, ...]]:
        """Read every file through: give those that count, how many rows they have, and what is not used."""
        described = self.describe()
        flaws, known = list(described.flaws), {}
        for how, files in described.layouts.items():
            for file in files:
                try:
                    known[file.name] = self.examine(how, file)
                except ExportError as error:
                    flaws.append(Flaw(file.name, str(error)))
        kept, doubled = without_doubles(known)
        flaws += [*(flaw for each in kept.values() for flaw in each.flaws), *doubled]
        return described.only(kept), sum(each.rows for each in kept.values()), tuple(flaws)

    def rows_of(self, described: Described) -> tuple[str, Params]:
        """Give the FROM of a SELECT over every usable row, in the common names, and its parameters."""
        parts: list[str] = []
        params: Params = []
        for how, files in described.layouts.items():
            chosen, more = layout.select(how)
            parts.append(
                f"SELECT {chosen} FROM {how.reader(note=False)} WHERE NOT {layout.broken(how)}"  # noqa: S608 - our own
            )
            params += [*more, [self._paths[file.name] for file in files]]
        if not parts:
            raise ExportError("there is nothing to read; give a folder with .csv, .csv.gz or .parquet exports")
        rows = " UNION ALL ".join(parts)
        return f"(SELECT *, 1 AS Rows, CAST({BILLED} IS NULL AS INTEGER) AS Unpriced FROM ({rows}))", params  # noqa: S608

    def totals(self, described: Described, question: Question) -> tuple[Total, ...]:
        """Answer a question out of the rows themselves; raises ExportError."""
        source, params = self.rows_of(described)
        sql, more = questions.statement(question, source, clock=STARTS.name)
        keys = sql.count("?", 0, sql.index("FROM"))
        with answered():
            found = self._engine.execute(sql, [*more[:keys], *params, *more[keys:]]).fetchall()
        return checked([questions.total(row, len(question.by)) for row in found])

    def rows(self, described: Described, question: Question) -> tuple[Mapping[str, object], ...]:
        """Give the rows that a question is about, the largest amounts first; raises ExportError."""
        source, params = self.rows_of(described)
        condition, more = questions.where(question, clock=STARTS.name)
        sql = (
            f"SELECT {', '.join(SHOWN)}, File FROM {source} WHERE {condition} "  # noqa: S608 - our own names only
            f"ORDER BY abs({BILLED}) DESC NULLS LAST, Day LIMIT {MOST_ROWS}"
        )
        with answered():
            found = self._engine.execute(sql, [*params, *more]).fetchall()
        names = {path: name for name, path in self._paths.items()}
        return tuple(_row(row, names) for row in found)

    def export(self, described: Described, chosen: str, target: Path) -> None:
        """Write the rows, grouped, to a Parquet file in the work folder; raises ExportError."""
        source, params = self.rows_of(described)
        sql = f"COPY (SELECT {chosen} FROM {source} GROUP BY ALL) TO {literal(str(target))} (FORMAT parquet)"  # noqa: S608
        with answered():
            self._engine.execute(sql, params)

    def _broken(self, how: Layout, file: ExportFile, lost: int) -> Iterator[Flaw]:
        """Name the first rows whose cost or day cannot be read."""
        if not lost:
            return
        billed, starts = (how.cells()[name] for name in _told(how))
        sql = (
            f"SELECT Place, CAST({billed.sql} AS VARCHAR), CAST({starts.sql} AS VARCHAR) FROM "  # noqa: S608 - our own
            f"(SELECT *, row_number() OVER () AS Place FROM {how.reader(note=False)}) "
            f"WHERE {layout.broken(how)} ORDER BY Place LIMIT {MOST_NAMED}"
        )
        for place, cost, start in self._engine.execute(sql, [[self._paths[file.name]]]).fetchall():
            yield Flaw(
                f"{file.name} row {place}",
                f"was left out: BilledCost is {_shown(cost)} and ChargePeriodStart {_shown(start)}",
            )
        if lost > MOST_NAMED:
            yield Flaw(file.name, f"and {lost - MOST_NAMED:,} more like these were left out")

    def _rejected(self, how: Layout, file: ExportFile) -> Iterator[Flaw]:
        """Name the lines of a CSV that are no rows of its table."""
        noted = "SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'"
        if how.kind is Kind.PARQUET or not self._engine.execute(noted).fetchall():
            return
        sql = (
            "SELECT line, any_value(error_message), COUNT(*) OVER () FROM reject_errors "
            "JOIN reject_scans USING (scan_id, file_id) WHERE file_path = ? GROUP BY line ORDER BY line LIMIT ?"
        )
        found = self._engine.execute(sql, [self._paths[file.name], MOST_NAMED]).fetchall()
        for line, message, _ in found:
            yield Flaw(f"{file.name} line {line}", f"was left out: {self._blank(str(message).splitlines()[0])}")
        if found and (many := found[0][2]) > MOST_NAMED:
            least = "at least " if many >= MOST_REJECTS else ""
            yield Flaw(file.name, f"and {least}{many - MOST_NAMED:,} more lines like these were left out")

    def _blank(self, text: str) -> str:
        """Take paths of this machine out of what DuckDB says."""
        for name, path in self._paths.items():
            text = text.replace(path, name)
        return text


@contextmanager
def reading(files: Sequence[ExportFile], work: Path) -> Iterator[Reader]:
    """Give a reader of these files, which keeps what does not fit into memory in the folder `work`."""
    work.mkdir(parents=True, exist_ok=True)
    links = work / "links"
    paths = {file.name: str(_plain_path(file, links, place)) for place, file in enumerate(files)}
    with opened(work, [Path(path) for path in paths.values()] + [file.path for file in files]) as engine:
        yield Reader(engine, files, paths)


_PATTERN: Final = frozenset("*?[]{}")


def _plain_path(file: ExportFile, links: Path, place: int) -> Path:
    """Give a path that DuckDB cannot take for a pattern: a link in our own folder where the name looks like one."""
    if not _PATTERN & set(str(file.path)):
        return file.path
    links.mkdir(exist_ok=True)
    link = links / f"{place}.{file.kind}"
    link.unlink(missing_ok=True)
    link.symlink_to(file.path)
    return link


def checked(found: Sequence[Total]) -> tuple[Total, ...]:
    """Give the totals; raises ExportError where there are more groups than anybody reads."""
    if len(found) > MOST_GROUPS:
        raise ExportError(f"the answer has more than {MOST_GROUPS:,} groups; filter, or group by fewer columns")
    return tuple(found)


def _told(how: Layout) -> tuple[str, str]:
    focus = how.schema is Schema.FOCUS
    cost, start = AMOUNTS[0], STARTS
    return ((cost.focus if focus else cost.cur)[0].lower(), (start.focus if focus else start.cur)[0].lower())


def _row(row: Sequence[object], names: Mapping[str, str]) -> Mapping[str, object]:
    *cells, path = row
    shown = {
        name: questions.short(cell) if isinstance(cell, Decimal) else cell
        for name, cell in zip(SHOWN, cells, strict=True)
    }
    return {**shown, "File": names.get(str(path), "")}


def _shown(text: str | None) -> str:
    return "missing" if text is None else repr(text[:40])

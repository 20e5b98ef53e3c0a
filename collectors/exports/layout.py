"""What a file looks like, and the SQL that reads it into the common names. No text of a file ever becomes SQL:
a CSV's columns are called by their number, a Parquet file's are quoted names out of `columns`."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from collectors.exports import columns
from collectors.exports.columns import AMOUNTS, BILLED, Column, Schema
from collectors.exports.engine import identifier, literal
from collectors.exports.files import ExportError, ExportFile, Kind

SCALE: Final = 24
"""Digits after the point that are kept; exports have 11 to 18."""
DECIMAL: Final = f"DECIMAL(38, {SCALE})"
_NUMBER: Final = r"'\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*'"
MOST_REJECTS: Final = 1000
"""Broken lines of a file that are noted; there may be more, and all are left out."""
_LONGEST_HEADER: Final = 1_000_000
_THINKABLE: Final = "BETWEEN TIMESTAMP '1990-01-01' AND TIMESTAMP '2199-12-31'"
"""Times that a charge can have; DuckDB also reads `infinity` and the year 20260."""
_FLOATS: Final = frozenset({"DOUBLE", "FLOAT"})
CSV_OPTIONS: Final = (
    "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
    "nullstr = ['NULL', 'null', ''], strict_mode = true"
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the columns of some files stand: files of one layout are read in one go."""

    kind: Kind
    schema: Schema
    names: tuple[str, ...]
    """Columns in the file's order; foreign text."""
    types: tuple[str, ...] = ()
    """Parquet's types, in the same order."""

    @property
    def source(self) -> str:
        """The FROM of a SELECT, with one parameter: the list of paths."""
        if self.kind is Kind.PARQUET:
            return "read_parquet(?, hive_partitioning = false, filename = true)"
        pack = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(self.names)))
        packed = "gzip" if self.kind is Kind.GZIP else "none"
        return f"read_csv(?, {CSV_OPTIONS}, columns = {{{pack}}}, compression = '{packed}', filename = true"

    def reader(self, *, note: bool) -> str:
        """Give `source` complete: CSV rows that are broken are noted in DuckDB's reject tables, or passed over."""
        if self.kind is Kind.PARQUET:
            return self.source
        noted = f"store_rejects = true, rejects_limit = {MOST_REJECTS}"
        return f"{self.source}, {noted if note else 'ignore_errors = true'})"

    def cells(self) -> Mapping[str, Cell]:
        """Give each column by the spelling that `columns` uses."""
        spell = str.lower if self.schema is Schema.FOCUS else columns.cur_spelling
        found: dict[str, Cell] = {}
        for place, name in enumerate(self.names):
            found.setdefault(spell(name), self.cell(place))
        return found

    def cell(self, place: int) -> Cell:
        """Give the column at a place."""
        if self.kind is Kind.PARQUET:
            return Cell(identifier(self.names[place]), self.types[place])
        return Cell(f"c{place}", "VARCHAR")


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a file, as SQL calls it."""

    sql: str
    type: str

    @property
    def given(self) -> str:
        """Whether the cell says anything."""
        return f"{self.text if self.type == 'VARCHAR' else self.sql} IS NOT NULL"

    @property
    def unread(self) -> str:
        """Whether the cell says something that is no amount."""
        if self.type in _FLOATS:
            return f"{self.given} AND (NOT isfinite({self.sql}) OR abs({self.sql}) >= 1e14)"
        return f"{self.given} AND ({self.amount}) IS NULL"

    @property
    def text(self) -> str:
        """The cell as text, NULL where it says nothing."""
        if self.type != "VARCHAR":
            return f"CAST({self.sql} AS VARCHAR)"
        return f"NULLIF(NULLIF({self.sql}, ''), 'NULL')"

    @property
    def amount(self) -> str:
        """The cell as an exact decimal; NULL where it is no number or says nothing."""
        if self.type == "VARCHAR":
            number = f"regexp_full_match({self.sql}, {_NUMBER})"
            return f"CASE WHEN {number} THEN TRY_CAST({self.sql} AS {DECIMAL}) END"
        if self.type == "DOUBLE":
            return _exact(self.sql)
        if self.type in _FLOATS:
            return f"TRY_CAST(CAST({self.sql} AS VARCHAR) AS {DECIMAL})"
        return f"TRY_CAST({self.sql} AS {DECIMAL})"

    @property
    def finer(self) -> str:
        """Whether the amount had more digits than are kept."""
        if self.type == "VARCHAR":
            digits = f"length(rtrim(regexp_extract({self.sql}, '\\.(\\d*)', 1), '0'))"
            power = f"COALESCE(TRY_CAST(regexp_extract({self.sql}, '[eE]([+-]?\\d+)', 1) AS INTEGER), 0)"
            return f"{digits} - {power} > {SCALE}"
        return f"CAST({self.amount} AS DOUBLE) <> CAST({self.sql} AS DOUBLE)"

    @property
    def instant(self) -> str:
        """The cell as a time in UTC; NULL where it is none."""
        if self.type == "TIMESTAMP WITH TIME ZONE":
            return f"make_timestamp(epoch_us({self.sql}))"
        if self.type.startswith(("TIMESTAMP", "DATE")):
            return self.sql if self.type == "TIMESTAMP" else f"CAST({self.sql} AS TIMESTAMP)"
        return f"make_timestamp(epoch_us(TRY_CAST({self.sql} AS TIMESTAMP WITH TIME ZONE)))"


def _exact(sql: str) -> str:
    """The shortest decimal that a double stands for.

    Up to 11 digits after the point and 15 in all it is found by one multiplication, which is proven by dividing back;
    any other goes through its text, five times slower.
    """
    whole = f"TRY_CAST(round({sql} * 1e11) AS BIGINT)"
    quick = f"abs({sql}) < 9999 AND CAST({whole} AS DOUBLE) / 1e11 = {sql}"
    product = f"CAST({whole} AS DECIMAL(18, 0)) * CAST(0.00000000001 AS DECIMAL(11, 11))"
    text = f"TRY_CAST(CAST({sql} AS VARCHAR) AS {DECIMAL})"
    return f"CASE WHEN {quick} THEN CAST({product} AS {DECIMAL}) ELSE {text} END"


def describe(engine: duckdb.DuckDBPyConnection, file: ExportFile, path: Path) -> Layout:
    """Look at a file's header; raises ExportError where it is no billing export."""
    if file.kind is Kind.PARQUET:
        rows = engine.execute("DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning = false)", [str(path)])
        pairs = [(str(row[0]), str(row[1])) for row in rows.fetchall()]
        names, types = tuple(name for name, _ in pairs), tuple(kind for _, kind in pairs)
    else:
        names, types = _header(file), ()
    schema = columns.schema_of(names)
    if schema is None:
        raise ExportError(
            "is no billing export: it has neither BilledCost and ChargePeriodStart (FOCUS) "
            "nor lineItem/UnblendedCost and lineItem/UsageStartDate (legacy CUR)"
        )
    return Layout(file.kind, schema, names, types)


def _header(file: ExportFile) -> tuple[str, ...]:
    try:
        with gzip.open(file.path) if file.kind is Kind.GZIP else file.path.open("rb") as stream:
            head = stream.read(_LONGEST_HEADER)
        names = next(csv.reader(io.StringIO(head.decode("utf-8-sig", errors="replace"), newline="")), [])
    except (OSError, EOFError, csv.Error) as error:
        raise ExportError(f"cannot be opened: {error}") from error
    if not names:
        raise ExportError("is empty; an export's first line names its columns")
    return tuple(names)


def select(layout: Layout) -> tuple[str, list[str]]:
    """Give the list of a SELECT that reads a layout into the common names, and its parameters."""
    cells = layout.cells()
    parts = [f"{_first(cells, layout.schema, column)} AS {column.name}" for column in columns.TEXTS]
    parts[_CATEGORY] = f"{_category(cells, layout.schema)} AS ChargeCategory"
    starts = _starts(layout)
    parts += [
        f"{starts} AS ChargePeriodStart",
        f"CAST({starts} AS DATE) AS Day",
        f"{billing_month(layout)} AS BillingMonth",
        *(f"{_amount(cells, layout.schema, column)} AS {column.name}" for column in AMOUNTS),
        f"{_amount(cells, layout.schema, columns.QUANTITY)} AS ConsumedQuantity",
    ]
    tags, params = _tags(layout, cells)
    return ", ".join([*parts, f"{tags} AS Tags", "filename AS File"]), params


_CATEGORY: Final = next(place for place, column in enumerate(columns.TEXTS) if column.name == "ChargeCategory")


def _starts(layout: Layout) -> str:
    cell = _cell(layout.cells(), layout.schema, columns.STARTS)
    return cell.instant if cell else "CAST(NULL AS TIMESTAMP)"


def billing_month(layout: Layout) -> str:
    """Give the first day of a row's billing period; of the month of its day where the export names none."""
    cell = _cell(layout.cells(), layout.schema, columns.MONTH_STARTS)
    begins = _starts(layout)
    if cell:
        begins = f"COALESCE(CASE WHEN {cell.instant} {_THINKABLE} THEN {cell.instant} END, {begins})"
    return f"CAST(date_trunc('month', {begins}) AS DATE)"


def broken(layout: Layout) -> str:
    """Give the condition of a row that cannot be used: what it cost is no number, or its day no date."""
    cells = layout.cells()
    billed, starts = (_cell(cells, layout.schema, column) for column in (AMOUNTS[0], columns.STARTS))
    if billed is None or starts is None:
        return "true"
    return f"(({billed.unread}) OR ({starts.instant} {_THINKABLE}) IS NOT TRUE)"


def blemishes(layout: Layout) -> Sequence[tuple[str, str, str]]:
    """Give (column, condition, sentence) of what is left out of a row that is used."""
    found: list[tuple[str, str, str]] = []
    cells = layout.cells()
    for column in AMOUNTS:
        cell = _cell(cells, layout.schema, column)
        if cell is not None and not (layout.schema is Schema.CUR and column.name == "EffectiveCost"):
            if column.name != BILLED:
                found.append((column.name, cell.unread, "is no number and counts as missing"))
            found.append((column.name, cell.finer, f"has more than {SCALE} digits after the point and was rounded"))
    return found


def _names(column: Column, schema: Schema) -> tuple[str, ...]:
    return tuple(name.lower() for name in (column.focus if schema is Schema.FOCUS else column.cur))


def _cell(cells: Mapping[str, Cell], schema: Schema, column: Column) -> Cell | None:
    return next((cells[name] for name in _names(column, schema) if name in cells), None)


def _first(cells: Mapping[str, Cell], schema: Schema, column: Column) -> str:
    texts = [cells[name].text for name in _names(column, schema) if name in cells]
    return f"COALESCE({', '.join(texts)})" if len(texts) > 1 else texts[0] if texts else "CAST(NULL AS VARCHAR)"


def _category(cells: Mapping[str, Cell], schema: Schema) -> str:
    found = _first(cells, schema, columns.TEXTS[_CATEGORY])
    if schema is Schema.FOCUS:
        return found
    cases = " ".join(f"WHEN {literal(own)} THEN {literal(theirs)}" for own, theirs in columns.CATEGORIES.items())
    return f"CASE {found} {cases} ELSE {found} END"


def _amount(cells: Mapping[str, Cell], schema: Schema, column: Column) -> str:
    cell = _cell(cells, schema, column)
    plain = f"({cell.amount})" if cell else f"CAST(NULL AS {DECIMAL})"
    if schema is Schema.FOCUS or column.name != "EffectiveCost":
        return plain
    kind = _first(cells, schema, columns.TEXTS[_CATEGORY])
    cases = [_case(cells, own, names) for own, names in columns.AMORTIZED.items()]
    return f"CASE {kind} {' '.join(cases)} ELSE {plain} END"


def _case(cells: Mapping[str, Cell], own: str, names: tuple[str, ...]) -> str:
    known = [f"({cells[name].amount})" for name in names if name in cells]
    worth = " - ".join(known) if len(known) == len(names) else "NULL"
    return f"WHEN {literal(own)} THEN {f'CAST({worth} AS {DECIMAL})' if names else f'CAST(0 AS {DECIMAL})'}"


def _tags(layout: Layout, cells: Mapping[str, Cell]) -> tuple[str, list[str]]:
    """Tags as a JSON object in text; CUR has a column a tag, whose names go in as parameters."""
    if layout.schema is Schema.FOCUS:
        cell = cells.get("tags")
        if cell is None:
            return "CAST(NULL AS VARCHAR)", []
        return (cell.text if cell.type == "VARCHAR" else f"CAST(to_json({cell.sql}) AS VARCHAR)"), []
    prefix = columns.CUR_TAG_PREFIX
    spelled = [(columns.cur_spelling(name), name) for name in layout.names]
    places = [place for place, (spelling, _) in enumerate(spelled) if spelling.startswith(prefix)]
    if not places:
        return "CAST(NULL AS VARCHAR)", []
    keys = [layout.names[place].partition("/")[2] or spelled[place][0].removeprefix(prefix) for place in places]
    pairs = ", ".join(f"?, {layout.cell(place).text}" for place in places)
    return f"CAST(json_object({pairs}) AS VARCHAR)", keys

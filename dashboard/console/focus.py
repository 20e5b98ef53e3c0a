"""`python -m budgets focus`: what a billing export adds up to, exact to the last digit."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from cloud.faults import CloudError
from collectors.exports import files, questions, versions
from collectors.exports.book import Book
from collectors.exports.bucket import read_address
from collectors.exports.files import ExportError, Flaw, Found
from collectors.exports.questions import Question, QuestionError, Total
from collectors.exports.reading import reading
from dashboard.console.reading import UNREAD, CommandError, say, sources
from dashboard.wording import count


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found."""

    question: Question
    files: int
    rows: int
    groups: tuple[Total, ...]
    flaws: tuple[Flaw, ...]


def run(options: argparse.Namespace, *, clock: Callable[[], datetime]) -> int:
    """Add the export up; give 0, 1 where something of it was left out, 2 where it could not be read."""
    try:
        question = Question(
            tuple(options.by),
            tuple(questions.read_condition(each) for each in options.where),
            options.since,
            options.until,
        )
        answer = _answer(options.path, question, clock=clock)
    except (QuestionError, ExportError, CommandError) as error:
        say(f"error: {error}", to_people=True)
        return UNREAD
    if options.json:
        say(json.dumps(document(answer), indent=2))
    else:
        say("\n".join(_lines(answer)))
        for flaw in answer.flaws:
            say(f"note: {flaw}", to_people=True)
    return 1 if answer.flaws else 0


def _answer(path: str, question: Question, *, clock: Callable[[], datetime]) -> Answer:
    with tempfile.TemporaryDirectory(prefix="watchkeeper-") as work:
        found = _found(path, clock=clock)
        with reading(found.files, Path(work)) as reader:
            usable, rows, flaws = reader.usable()
            if not usable.files:
                told = [*found.flaws, *flaws]
                raise ExportError("; ".join(map(str, told[:5])) or f"{path} holds no .csv, .csv.gz or .parquet export")
            groups = reader.totals(usable, question)
        return Answer(question, len(usable.files), rows, groups, (*found.flaws, *flaws))


def _found(path: str, *, clock: Callable[[], datetime]) -> Found:
    """Give the export's files; those of S3 are fetched first, where that is due and the cap allows it."""
    if read_address(path) is None:
        return versions.newest(files.find(Path(path)))
    with sources("focus", clock=clock) as found:
        book = Book(path, found.clients.settings.data_dir / "exports", found.clients)
        try:
            book.fetch_when_due(now=clock())
            return book.found()
        except CloudError as error:
            raise CommandError(str(error)) from error


# -- as JSON ----------------------------------------------------------------------------------------------------------


def document(answer: Answer) -> dict[str, Any]:
    """Give the answer as a document: each currency apart, amounts as decimal strings, null for what is not known."""
    question = answer.question
    return {
        "by": list(question.by),
        "where": [str(condition) for condition in question.where],
        "from": question.since.isoformat() if question.since else None,
        "to": question.until.isoformat() if question.until else None,
        "files": answer.files,
        "rows_in_files": answer.rows,
        "currencies": [
            {
                "currency": whole.currency,
                **_sums(whole),
                "groups": [
                    {**dict(zip(question.by, each.key, strict=True)), **_sums(each)}
                    for each in answer.groups
                    if each.currency == whole.currency
                ],
            }
            for whole in questions.added(answer.groups)
        ],
        "notes": [{"place": flaw.place, "what": flaw.what} for flaw in answer.flaws],
    }


def _sums(total: Total) -> dict[str, Any]:
    return {
        "rows": total.rows,
        "rows_without_cost": total.unpriced,
        "BilledCost": written(total.billed),
        "EffectiveCost": written(total.effective),
        "ListCost": written(total.list_cost),
        "ContractedCost": written(total.contracted),
        "charges": written(total.charges),
        "credits": written(total.credits),
        "adjustments": written(total.adjustments),
    }


def written(amount: Decimal | None) -> str | None:
    """Give an amount in plain digits, never with an exponent."""
    return None if amount is None else f"{amount:f}"


# -- as lines ---------------------------------------------------------------------------------------------------------


def _lines(answer: Answer) -> Iterator[str]:
    yield f"{count(answer.rows, 'row')} in {count(answer.files, 'file')}"
    if not answer.groups:
        yield "none of them is what was asked for"
    for whole in questions.added(answer.groups):
        yield ""
        yield (
            f"{whole.currency or 'no currency given'}: net {written(whole.billed) or 'not known'} "
            f"(charges {whole.charges:f}, credits {whole.credits:f}, refunds and adjustments {whole.adjustments:f})"
        )
        if whole.unpriced:
            yield f"  {count(whole.unpriced, 'row')} without a cost, in no total"
        if answer.question.by:
            yield from _table([each for each in answer.groups if each.currency == whole.currency])


_HEADS: Final = ("net", "charges", "credits", "refunds")


def _table(groups: Sequence[Total]) -> Iterator[str]:
    ordered = sorted(groups, key=lambda each: (-abs(each.billed or Decimal(0)), -abs(each.charges), str(each.key)))
    rows = [_HEADS, *(_cells(each) for each in ordered)]
    # What is nothing in every group is left out.
    shown = [place for place in range(len(_HEADS)) if not place or any(row[place] != "0" for row in rows[1:])]
    shown = shown if len(shown) > 2 else [0]
    widths = {place: max(len(row[place]) for row in rows) for place in shown}
    names = ["", *(" · ".join("(none)" if word is None else word for word in each.key) for each in ordered)]
    for row, name in zip(rows, names, strict=True):
        yield ("  " + "  ".join(f"{row[place]:>{widths[place]}}" for place in shown) + f"  {name}").rstrip()


def _cells(total: Total) -> tuple[str, str, str, str]:
    net = written(total.billed) or "not known"
    return net, f"{total.charges:f}", f"{total.credits:f}", f"{total.adjustments:f}"

"""What a form holds as text and back: its way into a link and into the store. What a link holds is not trusted."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Final, TypeVar

T = TypeVar("T")
Reader = Callable[[object], Any]
"""Reads one field of a draft; raises DraftError for what no form could have written."""

LONGEST_IN_LINK: Final = 1_500
"""Characters of a draft that a link carries by itself; a longer one is kept here, under its own name. Ours: proxies and
chat programs cut links from about 2,000 characters on."""
LONGEST_DOCUMENT: Final = 100_000
"""Characters of a draft; the largest request that PutMetricAlarm and PutCompositeAlarm take is far below."""
MOST_ENTRIES: Final = 100
"""Entries of one list: AWS allows 5 actions a state, 50 tags and 20 metrics, and a draft may hold too many."""
KEPT_SIGN: Final = "k"
CARRIED_SIGN: Final = "c"
"""First character of a token: whether the rest is the draft, or the name under which it is kept."""


class DraftError(ValueError):
    """A link whose draft cannot be read; the message is a sentence for people."""


def written(draft: Any) -> str:
    """Write a draft as JSON; what is as in an empty form is left out."""
    return json.dumps(_changed(draft), ensure_ascii=False, separators=(",", ":"))


def _changed(draft: Any) -> dict[str, Any]:
    held = {each.name: (getattr(draft, each.name), each.default) for each in fields(draft)}
    return {name: _plain(value) for name, (value, default) in held.items() if value != default}


def _plain(held: Any) -> Any:
    """Give a part of a form; one without defaults is the list of what it holds."""
    if is_dataclass(held):
        parts = fields(held)
        whole = any(each.default is MISSING for each in parts)
        return [getattr(held, each.name) for each in parts] if whole else _changed(held)
    return [_plain(each) for each in held] if isinstance(held, tuple) else held


def read(kind: type[T], text: str, readers: Mapping[str, Reader]) -> T:
    """Read what `written` wrote of a `kind`; fields without a reader are texts, or yes or no where the form's are.

    Raises DraftError for what no form could have written.
    """
    if len(text) > LONGEST_DOCUMENT:
        raise DraftError(f"the draft has {len(text):,} characters; {LONGEST_DOCUMENT:,} are read at most")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise DraftError("the draft is no JSON; open a new form, or the link as it was sent") from None
    return part(kind, found, readers)


def part(kind: type[T], found: object, readers: Mapping[str, Reader]) -> T:
    """Read one part of a form that has fields of its own."""
    if not isinstance(found, Mapping):
        raise DraftError("the draft is no JSON object; open a new form, or the link as it was sent")
    known = {each.name: readers.get(each.name) or _reader_of(each) for each in fields(kind)}  # type: ignore[arg-type]
    unknown = [str(name)[:40] for name in found if name not in known]
    if unknown:
        raise DraftError(f"the draft has a field {unknown[0]!r} that this form does not have")
    return kind(**{name: known[name](held) for name, held in found.items()})


def _reader_of(field: Field[Any]) -> Reader:
    return flag if isinstance(field.default, bool) else text


def text(held: object) -> str:
    """Read a text."""
    if not isinstance(held, str):
        raise DraftError(f"{str(held)[:40]!r} stands where the form has a text")
    return held.encode("utf-8", "replace").decode()  # no browser types a lone surrogate, and none can be shown


def flag(held: object) -> bool:
    """Read a yes or no."""
    if not isinstance(held, bool):
        raise DraftError(f"{str(held)[:40]!r} stands where the form has a yes or no")
    return held


def many(held: object) -> list[Any]:
    """Read a list of parts that are not read yet."""
    if not isinstance(held, list) or len(held) > MOST_ENTRIES:
        raise DraftError(f"{str(held)[:40]!r} stands where the form has a list of at most {MOST_ENTRIES}")
    return held


def texts(held: object) -> tuple[str, ...]:
    """Read a list of texts."""
    return tuple(text(each) for each in many(held))


def pairs(held: object) -> tuple[tuple[str, str], ...]:
    """Read a list of pairs of texts, such as tags."""
    found = [texts(each) for each in many(held)]
    if any(len(pair) != 2 for pair in found):
        raise DraftError("a pair of the draft has not two texts; open a new form, or the link as it was sent")
    return tuple((pair[0], pair[1]) for pair in found)


def carried(document: str) -> str | None:
    """Give the token that carries a draft's document in the link itself, or None where it would be too long."""
    packed = base64.urlsafe_b64encode(zlib.compress(document.encode("utf-8", "surrogatepass"), 9)).decode().rstrip("=")
    return CARRIED_SIGN + packed if len(packed) < LONGEST_IN_LINK else None


def unpacked(token: str) -> str:
    """Give the document that a token carries; raises DraftError. No token swells beyond the longest draft."""
    try:
        data = base64.urlsafe_b64decode(token[1:] + "=" * (-len(token[1:]) % 4))
        inflater = zlib.decompressobj()
        document = inflater.decompress(data, LONGEST_DOCUMENT * 4).decode("utf-8", "surrogatepass")
    except (binascii.Error, zlib.error, ValueError) as error:
        raise DraftError("the link's draft cannot be read; it may have been cut short, ask for it again") from error
    if inflater.unconsumed_tail or not inflater.eof:
        raise DraftError("the link's draft is cut short or too long; ask for the link again")
    return document

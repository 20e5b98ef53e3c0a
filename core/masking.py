"""Secrets in log lines: found by their shape or by the name before them, and hidden.

Shapes are those that their makers document; a name is one that ends in password, secret, token or key. Ordinary ids
(request ids, hashes, account numbers, ARNs, page tokens) are let be. Linear in the length of the text: every part of
an expression begins with something rare and is bounded.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.foreign_text import Edit, Rewritten, rewrite


class SecretKind(StrEnum):
    """What a secret is, in the word that stands in its place."""

    ACCESS_KEY = "AWS access key"
    SECRET_KEY = "AWS secret key"  # noqa: S105 - a name, no secret
    SESSION_TOKEN = "AWS session token"  # noqa: S105
    BEARER = "bearer token"
    JWT = "JWT"
    PASSWORD = "password"  # noqa: S105
    SECRET = "secret"  # noqa: S105
    TOKEN = "token"  # noqa: S105
    PRIVATE_KEY = "private key"
    CARD = "card number"


@dataclass(frozen=True, slots=True)
class Secret:
    """One place of a text, `[start, end)`, that should not be shown."""

    start: int
    end: int
    kind: SecretKind


@dataclass(frozen=True, slots=True)
class _Shape:
    """One kind of secret that is known by how it looks."""

    kind: SecretKind
    hints: tuple[str, ...]
    """Without any of these the text holds none; looking for them costs next to nothing."""
    pattern: re.Pattern[str]


_SHAPES: Final = (
    _Shape(
        SecretKind.ACCESS_KEY,
        ("AKIA", "ASIA", "ABIA", "ACCA"),
        re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ),
    _Shape(
        SecretKind.SESSION_TOKEN,
        ("IQoJb3JpZ2lu", "FwoGZXIvYXdz"),
        re.compile(r"(?<![A-Za-z0-9])(?:IQoJb3JpZ2lu|FwoGZXIvYXdz)[A-Za-z0-9+/=%_-]{40,}"),
    ),
    _Shape(
        SecretKind.JWT,
        ("eyJ",),
        re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),
    ),
    _Shape(
        SecretKind.TOKEN,
        ("gh", "glpat-", "xox", "xapp-", "k_live_", "AIza", "npm_", "SG.", "sk-", "hooks.slack.com"),
        re.compile(
            r"(?<![A-Za-z0-9_-])(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}"
            r"|glpat-[A-Za-z0-9_-]{20,64}|xox[abeoprs]-[A-Za-z0-9-]{10,255}|xapp-[A-Za-z0-9-]{10,255}"
            r"|[sr]k_live_[A-Za-z0-9]{16,255}|AIza[A-Za-z0-9_-]{35}|npm_[A-Za-z0-9]{36}"
            r"|SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}|sk-[A-Za-z0-9_-]{32,255})"
            r"|(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{20,120}"
        ),
    ),
    _Shape(
        SecretKind.BEARER,
        ("earer", "EARER"),
        re.compile(r"(?i:(?<=bearer\s)|(?<=bearer%20))(?=[A-Za-z_.~+/=-]{0,63}\d)[A-Za-z0-9._~+/=-]{16,}"),
    ),
    _Shape(
        SecretKind.PASSWORD,
        ("://",),
        re.compile(r"(?<=://)[^\s/:@\"'<>\\]{0,128}:[^\s/@\"'<>\\]{1,1024}(?=@)"),
    ),
    _Shape(
        SecretKind.SECRET_KEY,
        (),
        re.compile(r"(?<![A-Za-z0-9/+=_.-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_.-])"),
    ),
    _Shape(
        SecretKind.CARD,
        (),
        re.compile(
            r"(?<![A-Za-z0-9_.:#/-])[2-6]\d{3}(?:(?P<gap>[ -]?)\d{4}(?P=gap)\d{4}(?P=gap)\d{4}"
            r"|[ -]?\d{6}[ -]?\d{4,5})(?![A-Za-z0-9_:#/-]|\.\d)"
        ),
    ),
)

_PRIVATE: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")

_NAMED: Final = re.compile(
    r"(?i:(?P<word>password|passwd|passphrase|pwd|secret[_-]?access[_-]?key|session[_-]?token|security[_-]?token"
    r"|api[_-]?secret|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|secret[_-]?key|credentials?"
    r"|x-amz-signature|authorization|(?<![A-Za-z])set-cookie|(?<![A-Za-z])cookie|(?<=[?&])pass)"
    r"(?:[_-]?(?:hash|value|text|plain|b64|base64))?\d{0,2})"
    r"(?P<quote>\\{0,3}[\"'])?\s{0,4}(?P<sign>=>|[:=]|%3D)\s{0,4}"
    r"(?:(?i:basic|bearer|token|digest)\s{1,4})?"
    r"(?:\"(?P<double>(?:[^\"\\]|\\.)+)|'(?P<single>(?:[^'\\]|\\.)+)|\\{1,3}[\"'](?P<escaped>[^\"'\\]+)"
    r"|(?P<bare>[^\s\"'&,;}\])<>|\\]+))"
)
_NAMED_HINTS: Final = (
    "passw", "passphrase", "pwd", "secret", "token", "key", "credential", "authorization", "cookie", "pass=",
    "signature",
)  # fmt: skip
"""Without any of these no name of a secret is there; most lines are done with that."""
_OTHER_NAMES: Final = re.compile(
    r"(?i)(?:next|page|paging|pagination|continuation|continue|sync|cancellation|cancel|unexpected|syntax|invalid|bad"
    r"|unknown|forward|backward|sequence|lifecycleaction|start|starting|resume|public|sort|partition|foreign"
    r"|primary)[ _-]?$"
)
"""A token or key of these is no secret: it says where a list goes on."""
_NO_SECRET: Final = re.compile(
    r"(?i)arn:|![01]|\$\{|\{\{|%\(|<|\*{2}|x{4}|\[(?:hidden|redacted|filtered)|redacted|(?:true|false|null|none|nil|undefined|yes|no"
    r"|ok|empty|missing|incorrect|invalid|wrong|expired|required|changed|reset|failed|mismatch|denied|unset|set|string)"
    r"(?![A-Za-z0-9])"
)
_LINE_END: Final = re.compile(r"[\"'\n]|\Z")
"""A cookie header goes on to the end of its line."""
_STRICT: Final = frozenset({"password", "passwd", "passphrase", "pwd", "pass", "authorization"})
"""Names whose value is a secret whatever it looks like."""
_KINDS: Final = (
    ("secretaccesskey", SecretKind.SECRET_KEY),
    ("secretkey", SecretKind.SECRET_KEY),
    ("sessiontoken", SecretKind.SESSION_TOKEN),
    ("securitytoken", SecretKind.SESSION_TOKEN),
    ("pass", SecretKind.PASSWORD),
    ("pwd", SecretKind.PASSWORD),
    ("authorization", SecretKind.BEARER),
    ("privatekey", SecretKind.PRIVATE_KEY),
    ("token", SecretKind.TOKEN),
    ("cookie", SecretKind.TOKEN),
)
SECRET_ENTROPY: Final = 4.4
"""Bits a character: a random secret key of 40 signs has about 4.8, words and paths have less than 4.2."""


def secrets(text: str) -> tuple[Secret, ...]:
    """Give every secret of a text, ascending, none over another."""
    found = sorted((*_private_keys(text), *_named(text), *_shaped(text)), key=lambda each: (each.start, -each.end))
    kept: list[Secret] = []
    for each in found:
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
    return tuple(kept)


def masked(text: str) -> Rewritten:
    """Give the text with every secret hidden.

    >>> masked('login {"user": "ann", "password": "hunter2"}').text
    'login {"user": "ann", "password": "[hidden: password]"}'
    """
    return rewrite(text, (Edit(each.start, each.end, stand_in(each.kind)) for each in secrets(text)))


def stand_in(kind: SecretKind) -> str:
    """Give what stands in a secret's place."""
    return f"[hidden: {kind}]"


def masked_value(name: str, value: str) -> str:
    """Give a field's value, hidden where its name says that it is a secret or where it holds one.

    >>> masked_value("db.password", "hunter2"), masked_value("status", "200")
    ('[hidden: password]', '200')
    """
    said = _NAMED.search(f"{name}={value}") if value and not value.startswith(("{", "[")) else None
    if said and said.start("sign") == len(name) and _is_secret(f"{name}={value}", said):
        return stand_in(_kind(said["word"]))
    return masked(value).text


def _private_keys(text: str) -> Iterator[Secret]:
    """Give each private key; one whose end was cut off reaches to the end."""
    at = text.find("-----BEGIN")
    if at < 0:
        return
    while begin := _PRIVATE.search(text, at):
        end = _END.search(text, begin.end())
        at = end.end() if end else len(text)
        yield Secret(begin.start(), at, SecretKind.PRIVATE_KEY)


def _named(text: str) -> Iterator[Secret]:
    low = text.lower()
    if not any(hint in low for hint in _NAMED_HINTS):
        return
    done = 0
    for match in _NAMED.finditer(text):
        if match.start() >= done and _is_secret(text, match):
            start, done = match.span(str(match.lastgroup))
            if match.lastgroup == "bare" and _is_cookie(match):
                done = next(found.start() for found in [_LINE_END.search(text, start)] if found)
            yield Secret(start, done, _kind(match["word"]))


def _is_cookie(match: re.Match[str]) -> bool:
    return match["word"].casefold().endswith("cookie")


def _kind(word: str) -> SecretKind:
    plain = word.casefold().replace("_", "").replace("-", "")
    return next((kind for name, kind in _KINDS if name in plain), SecretKind.SECRET)


def _is_secret(text: str, match: re.Match[str]) -> bool:
    """Tell a secret from the same word said in passing."""
    value = match[str(match.lastgroup)]
    word, start = match["word"].casefold(), match.start()
    if _NO_SECRET.match(value) or _OTHER_NAMES.search(text, max(0, start - 16), start):
        return False
    if word == "pwd" and value.startswith(("/", "~")):  # the shell's word for where it is
        return False
    if word in _STRICT or _is_cookie(match):
        return not _is_cookie(match) or "=" in value
    if value.isdigit() and len(value) < 10:  # a count of tokens
        return False
    written = match["quote"] or match.lastgroup != "bare" or match["sign"] != ":"
    return len(value) >= 4 if written else len(value) >= 20 or any(char.isdigit() for char in value[:64])


def _shaped(text: str) -> Iterator[Secret]:
    for shape in _SHAPES:
        if shape.hints and not any(hint in text for hint in shape.hints):
            continue
        for match in shape.pattern.finditer(text):
            start, end = match.span()
            if shape.kind is SecretKind.PASSWORD:
                start = text.index(":", start) + 1
            if _LOOKS_RIGHT.get(shape.kind, bool)(match.group()):
                yield Secret(start, end, shape.kind)


def _is_random(word: str) -> bool:
    """Tell a random key of 40 signs from a hash in hexadecimal, a path, or words."""
    kinds = (any(map(str.isupper, word)), any(map(str.islower, word)), any(map(str.isdigit, word)))
    if not all(kinds):
        return False
    bits = -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())
    return bits >= SECRET_ENTROPY


_ISSUERS: Final = re.compile(
    r"4\d{15}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}"
    r"|35(?:2[89]|[3-8]\d)\d{12}"
)
"""First digits and lengths of the card networks. ISO/IEC 7812."""


def _is_card(text: str) -> bool:
    digits = text.replace(" ", "").replace("-", "")
    return bool(_ISSUERS.fullmatch(digits)) and _luhn(digits)


def _luhn(digits: str) -> bool:
    total = 0
    for place, char in enumerate(reversed(digits)):
        number = int(char) * (1 + place % 2)
        total += number - 9 * (number > 9)
    return total % 10 == 0


_LOOKS_RIGHT: Final[Mapping[SecretKind, Callable[[str], bool]]] = {
    SecretKind.SECRET_KEY: _is_random,
    SecretKind.CARD: _is_card,
}

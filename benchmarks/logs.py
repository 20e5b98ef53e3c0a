"""A million log lines filtered, grouped into templates and counted over time; and lines read over the wire.

    python -m benchmarks.logs [--lines 1000000] [--wire-lines 200000] [--rounds 3] [--extra FOLDER]
    python -m benchmarks.logs --once "ours, terms" --file FILE       # one way in this process

FOLDER is one in which `pip install --target FOLDER awslogs drain3-improved` was run; rows that need them are left out
without it. Every way runs in a process of its own, in turn; medians. Ways that count the same thing must agree, or it
fails. Times are whole processes, start-up and reading the file included. CPU is theirs with all that they started,
steadier than the clock where others use the machine; MB is the peak of the largest process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

WORDS = ("orders", "stock", "mail", "search", "photos", "payment", "audit")
NEEDLE = '"level":"ERROR"'
SEED = 7


def made(number: int) -> Path:
    """Give the file, made where it is not there yet: JSON lines of an application, access lines, and plain text."""
    path = Path(tempfile.gettempdir()) / f"watchkeeper-logs-{number}.log"
    if not path.exists():
        chance = random.Random(SEED)
        fresh = path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as stream:
            for place in range(number):
                stream.write(_line(place, chance) + "\n")
        fresh.replace(path)
    return path


def _line(place: int, chance: random.Random) -> str:
    at = datetime(2026, 11, 27, tzinfo=UTC) + timedelta(milliseconds=10 * place)
    stamp, word, kind = at.isoformat(timespec="milliseconds"), chance.choice(WORDS), place % 10
    if kind < 6:
        level = chance.choices(("INFO", "WARN", "ERROR"), (95, 4, 1))[0]
        said = {
            "INFO": f"served {word} {chance.randrange(9_999)} in {chance.randrange(900)} ms",
            "WARN": f"slow query: {chance.randrange(9_000)} ms on {word} for user {chance.randrange(500)}",
            "ERROR": f"cannot reach {word} at 10.0.{chance.randrange(9)}.{chance.randrange(250)}: timeout after 30 s",
        }[level]
        request = f"{chance.getrandbits(128):032x}"
        return (
            f'{{"time":"{stamp}","level":"{level}","logger":"app.{word}","message":"{said}","request_id":"{request}"}}'
        )
    if kind < 9:
        status = chance.choices((200, 404, 502), (97, 2, 1))[0]
        clock = f"{at:%d/%b/%Y:%H:%M:%S} +0000"
        path = f"/{word}/{chance.randrange(9_999)}"
        return f'192.0.2.{chance.randrange(250)} - - [{clock}] "GET {path} HTTP/1.1" {status} {chance.randrange(9_999)}'
    job = f"{chance.getrandbits(48):012x} done, {chance.randrange(99)} left"
    return f"{stamp} worker-{chance.randrange(9)} [INFO] job {word} {job}"


# -- ways over the file -----------------------------------------------------------------------------------------------

Way = Callable[[Path], object]


def rows(path: Path) -> Iterator[str]:
    from collectors.log_files import Broken, all_rows

    return (row for row in all_rows((path,)) if not isinstance(row, Broken))


def matching(pattern: str) -> Way:
    def run(path: Path) -> int:
        from core.filter_pattern import parse

        return sum(1 for _ in parse(pattern).selecting(rows(path)))

    return run


def python_in(path: Path) -> int:
    with path.open(encoding="utf-8") as stream:
        return sum(NEEDLE in line for line in stream)


def python_json(path: Path) -> int:
    number = 0
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            if line.startswith("{"):
                number += json.loads(line).get("level") == "ERROR"
    return number


def templates(path: Path) -> int:
    from collectors.patterns.templates import Miner

    miner = Miner()
    for message in rows(path):
        miner.add(0, message)
    return len(miner.mined().templates)


def charted(path: Path) -> int:
    """Templates with their counts a minute, by the time in each line: what `python -m collectors patterns` does."""
    from collectors.patterns.templates import Miner
    from collectors.patterns.times import time_of

    miner = Miner()
    for message in rows(path):
        miner.add(time_of(message) or 0, message)
    found = miner.mined()
    assert sum(sum(each.counts.values()) for each in found.templates) == found.lines
    return len(found.templates)


def severities(path: Path) -> int:
    """Errors among all lines by the rules of the Logs page, counted a minute."""
    from collectors.patterns.times import time_of
    from core.log_recognition import Severity, recognise

    counts: Counter[tuple[int, Severity]] = Counter()
    for message in rows(path):
        counts[(time_of(message) or 0) // 60_000, recognise(message).severity] += 1
    return len({minute for minute, _ in counts})


def drain(path: Path) -> int:
    from drain3 import TemplateMiner
    from drain3.masking import MaskingInstruction
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    edges = r"((?<=[^A-Za-z0-9])|^){}((?=[^A-Za-z0-9])|$)"
    config.masking_instructions = [
        MaskingInstruction(edges.replace("{}", rule), name)
        for rule, name in ((r"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})", "IP"), (r"([\-\+]?\d+)", "NUM"))
    ]
    miner = TemplateMiner(config=config)
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            miner.add_log_message(line)
    return len(miner.drain.clusters)


FILE_WAYS: dict[str, Way] = {
    "ours, terms": matching('"\\"level\\":\\"ERROR\\""'),
    "ours, regular expression": matching('%"level":"ERROR"%'.replace('"', r"\x22")),
    "ours, JSON property": matching('{ $.level = "ERROR" }'),
    "Python, `in`": python_in,
    "Python, `json.loads`": python_json,
    "ours, templates": templates,
    "ours, templates with counts a minute": charted,
    "drain3-improved, templates": drain,
    "ours, severity a minute": severities,
}
COMMANDS = {
    "grep -F": f"LC_ALL=C grep -cF '{NEEDLE}' FILE",
    "jq": "jq -rRn '[inputs | fromjson? | select(.level == \"ERROR\")] | length' FILE",
    "awk, lines a minute": "LC_ALL=C awk '{ match($0, /[0-9][0-9]:[0-9][0-9]:[0-9][0-9]/); "
    "n[substr($0, RSTART, 5)]++ } END { for (m in n) c++; print c }' FILE",
}
AGREE = (
    (
        "ours, terms",
        "ours, regular expression",
        "ours, JSON property",
        "Python, `in`",
        "Python, `json.loads`",
        "grep -F",
    ),
)


# -- ways over the wire -----------------------------------------------------------------------------------------------

SPAN_DAYS = 30


def boto(port: int) -> int:
    import boto3

    from benchmarks.logs_stub import GROUP, START

    client = boto3.client("logs", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{port}")
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=GROUP, startTime=START)
    return sum(len(page["events"]) for page in pages)


def our_read(port: int) -> int:
    """Read everything through the store: each line is kept, and never asked for again."""
    return _ours(port, "", asks=True)


def our_again(port: int) -> int:
    """Another question in another process: the store answers, no call is made."""
    return _ours(port, NEEDLE.replace('"', r"\""), asks=False)


def _ours(port: int, needle: str, *, asks: bool) -> int:
    from benchmarks.logs_stub import GROUP, START
    from cloud.clients import Clients
    from cloud.metering import Meter
    from cloud.settings import Settings
    from collectors.logs.question import LogQuestion
    from collectors.logs.sources import LogSources
    from collectors.store import Store
    from core.log_lines import EPOCH
    from core.reading import Scope
    from core.timespan import Timespan

    start = EPOCH + timedelta(milliseconds=START)
    now = start + timedelta(days=1)
    settings = Settings(
        cloud="demo", demo_port=port, data_dir=Path(os.environ["BENCH_FOLDER"]), logs_store_mb=4_000, logs_days=400
    )
    sources = LogSources(
        Clients(settings, Meter(settings.place, clock=lambda: now, caps=settings.caps)), Store(settings.place)
    )
    lines = int(os.environ["BENCH_LINES"])
    span = Timespan(start, start + timedelta(milliseconds=10 * lines))
    asked = LogQuestion(Scope("111111111111", "us-east-1"), GROUP, span, f'"{needle}"' if needle else "", whole=True)
    calls = 0
    while True:
        answer = sources.log_lines(asked, now=now)
        assert not answer.faults, answer.faults
        calls += answer.value.asked
        if not answer.value.missing:
            break
    assert bool(calls) is asks, calls
    return answer.value.matching


WIRE_WAYS: dict[str, Callable[[int], int]] = {
    "boto3 paginator": boto,
    "ours, read and kept": our_read,
    "ours, another pattern, no call": our_again,
}
WIRE_COMMANDS = {
    "aws logs filter-log-events": "AWS filter-log-events --log-group-name /bench --start-time START --output json "
    "--query 'events[].message' | grep -c '^ '",
    "awslogs": "EXTRA get /bench ALL --start '2025-11-26' --end '2026-11-27' --aws-region us-east-1 --no-color "
    "--no-group --no-stream | grep -c .",
}


@contextmanager
def stub(path: Path, lines: int) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.logs_stub", str(path), str(lines)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


# -- running ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Took:
    """What one run took: of the clock, of the processor with all that it started, and memory at its highest."""

    seconds: float
    cpu: float
    peak: float
    answer: str


def timed(name: str, command: list[str] | str, environ: dict[str, str]) -> Took:
    """Run one way."""
    if "drain3" in name or "awslogs" in name:
        environ = environ | {"PYTHONPATH": environ["BENCH_EXTRA"]}
    with tempfile.TemporaryFile("w+") as out:
        begun = time.perf_counter()
        process = subprocess.Popen(command, shell=isinstance(command, str), env=environ, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, name
        out.seek(0)
        return Took(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, out.read().strip())


def once(name: str, options: argparse.Namespace) -> None:
    """Run one way in this process and print what it gave."""
    print(WIRE_WAYS[name](options.port) if name in WIRE_WAYS else FILE_WAYS[name](options.file))


def rounds(ways: dict[str, list[str] | str], number: int, environ: dict[str, str]) -> dict[str, Took]:
    """Run ways in turn; give medians, and the highest memory."""
    found: dict[str, list[Took]] = {name: [] for name in ways}
    for _ in range(number):
        for name, command in ways.items():
            if name == "ours, read and kept":
                shutil.rmtree(environ["BENCH_FOLDER"], ignore_errors=True)
                Path(environ["BENCH_FOLDER"]).mkdir()
            found[name].append(timed(name, command, environ))
            print(f"  {name}: {found[name][-1].seconds:.2f} s", file=sys.stderr, flush=True)
    return {
        name: Took(
            statistics.median(each.seconds for each in runs),
            statistics.median(each.cpu for each in runs),
            max(each.peak for each in runs),
            runs[0].answer,
        )
        for name, runs in found.items()
    }


def table(title: str, found: dict[str, Took], lines: int) -> None:
    print(f"\n| {title} | s | CPU s | lines per CPU s | peak MB | found |\n|---|---:|---:|---:|---:|---:|")
    for name, took in found.items():
        rate = f"{lines / took.cpu:,.0f}" if took.cpu else ""
        print(
            f"| {name} | {took.seconds:,.2f} | {took.cpu:,.2f} | {rate} | {took.peak:,.0f} | {took.answer} |",
            flush=True,
        )


def compare(options: argparse.Namespace) -> None:
    """Run every way in turn and print the tables."""
    path = made(options.lines)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WATCHKEEPER_"))}
    environ = kept | {
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_DEFAULT_REGION": "us-east-1",
        "BENCH_FOLDER": tempfile.mkdtemp(), "BENCH_LINES": str(options.wire_lines), "BENCH_EXTRA": options.extra or "",
    }  # fmt: skip
    print(f"{options.lines:,} lines, {path.stat().st_size / 1e6:,.0f} MB; {os.cpu_count()} cores,")
    print(f"Python {platform.python_version()}, load at the start {os.getloadavg()[0]:.1f}")
    files: dict[str, list[str] | str] = {
        name: command.replace("FILE", str(path))
        for name, command in COMMANDS.items()
        if shutil.which(name.partition(",")[0].split()[0])
    }
    me = [sys.executable, "-m", "benchmarks.logs"]
    for name in FILE_WAYS:
        if "drain3" not in name or (options.extra and (Path(options.extra) / "drain3").is_dir()):
            files[name] = [*me, "--once", name, "--file", str(path)]
    found = rounds(files, options.rounds, environ)
    for names in AGREE:
        answers = {name: found[name].answer for name in names if name in found}
        assert len(set(answers.values())) == 1, answers
    table("a file", found, options.lines)
    with stub(path, options.wire_lines) as port:
        over_the_wire(options, port, me, environ)
    print(f"\nload at the end {os.getloadavg()[0]:.1f}")


def over_the_wire(options: argparse.Namespace, port: int, me: list[str], environ: dict[str, str]) -> None:
    from benchmarks.logs_stub import START

    environ = environ | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    ways: dict[str, list[str] | str] = {name: [*me, "--once", name, "--port", str(port)] for name in WIRE_WAYS}
    cli = os.environ.get("WATCHKEEPER_AWS_CLI") or shutil.which("aws")
    if cli:
        ways["aws logs filter-log-events"] = (
            WIRE_COMMANDS["aws logs filter-log-events"].replace("AWS", f"{cli} logs", 1).replace("START", str(START))
        )
    if options.extra and (Path(options.extra) / "awslogs").is_dir():
        ways["awslogs"] = WIRE_COMMANDS["awslogs"].replace(
            "EXTRA", f"{sys.executable} -c 'from awslogs.bin import main; main()'"
        )
    found = rounds(ways, options.rounds, environ)
    for name in ("boto3 paginator", "ours, read and kept", "awslogs"):
        if name in found:
            assert int(found[name].answer) == options.wire_lines, (name, found[name].answer)
    table("over the wire", found, options.wire_lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--wire-lines", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--extra", help="folder with awslogs and drain3-improved")
    parser.add_argument("--once", choices=[*FILE_WAYS, *WIRE_WAYS], metavar="WAY")
    parser.add_argument("--file", type=Path)
    parser.add_argument("--port", type=int)
    given = parser.parse_args()
    if given.once:
        once(given.once, given)
    else:
        compare(given)

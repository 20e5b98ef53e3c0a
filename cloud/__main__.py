"""`python -m cloud run` starts everything; `python -m cloud settings` prints the settings in force and their source."""

from __future__ import annotations

import argparse
import os
import sys

from cloud import running
from cloud.settings import Settings, SettingsError, load, sources


def say(text: str) -> None:
    print(text, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; give the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m cloud", description=__doc__)
    parser.add_argument("command", choices=("run", "settings"))
    command = parser.parse_args(arguments).command
    try:
        settings = load()
    except SettingsError as error:
        print("Watchkeeper cannot start with these settings:", file=sys.stderr)
        for line in error.lines:
            print(f"  {line}", file=sys.stderr)
        return 2
    return run(settings) if command == "run" else show(settings)


def run(settings: Settings) -> int:
    found = running.problems(settings)
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        return 1
    watched = "the embedded demo cloud" if settings.is_demo else "AWS"
    say(f"Watchkeeper starts, watching {watched} …")
    return running.run(settings, os.environ, say=say)


def show(settings: Settings) -> int:
    rows = sources(settings, os.environ)
    width = max(len(name) for name, _, _ in rows)
    for name, value, source in rows:
        say(f"{name:<{width}}  {value}  ({source})")
    return 0


if __name__ == "__main__":
    sys.exit(main())

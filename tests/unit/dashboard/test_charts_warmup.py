"""The start of the server: imports are done, and the garbage collector does not walk them at each refresh."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import gc, sys
from dashboard import warmup
warmup.settle()
assert all(name in sys.modules for name in warmup.USED_BY_EVERY_PAGE)
assert gc.isenabled()
print(gc.get_freeze_count(), len(gc.get_objects()))
"""


def test_what_is_imported_is_no_longer_walked_and_what_comes_later_is() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=Path(__file__).parents[3], check=True, capture_output=True, text=True
    )
    frozen, walked = map(int, done.stdout.split())
    assert frozen > 100_000
    assert walked < frozen / 20

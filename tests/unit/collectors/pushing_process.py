"""An application that puts numbers until it is killed, and writes down each that was accepted.

    python -m tests.unit.collectors.pushing_process PORT DATA_DIR ACCEPTED FIRST STEP

With `--until-full` it ends when the spool takes no more, delivers, and goes on until it was accepted again.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from pathlib import Path

from cloud.settings import Settings
from collectors.custom import Metrics
from collectors.custom_rules import MetricRefusedError


def main(port: int, data_dir: Path, accepted: Path, first: int, step: int, *, until_full: bool) -> None:
    settings = Settings(cloud="demo", demo_port=port, data_dir=data_dir)
    metrics = Metrics("Shop", settings=settings, flush_seconds=3600 if until_full else 0.02)
    log = os.open(accepted, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    refused, after = "", 0
    for number in itertools.count(first, step):
        try:
            metrics.put("N", number)
        except MetricRefusedError as error:
            if refused or not until_full:
                raise
            refused = str(error)
            print(refused, flush=True)
            tries = itertools.takewhile(lambda n: n < 200 and metrics.flush().failed is not None, itertools.count())
            for _ in tries:  # the ledger is asked again two seconds after it could not be opened
                time.sleep(0.05)
            continue
        os.write(log, b"%d\n" % number)
        after += bool(refused)
        if after == 100:
            metrics.flush()
            break


if __name__ == "__main__":
    given = [each for each in sys.argv[1:] if not each.startswith("--")]
    main(
        int(given[0]),
        Path(given[1]),
        Path(given[2]),
        int(given[3]),
        int(given[4]),
        until_full="--until-full" in sys.argv,
    )

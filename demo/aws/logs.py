"""CloudWatch Logs over the simulated lines and what was put; what is not here is moto's.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from demo.aws.log_filters import LogFilters
from demo.aws.log_groups import LogGroups
from demo.aws.log_queries import LogQueries
from demo.aws.log_reading import LogReading
from demo.aws.log_tail import LogTail
from demo.aws.log_writing import LogWriting


class LogsService(LogGroups, LogReading, LogWriting, LogFilters, LogQueries, LogTail):
    """Every operation of CloudWatch Logs that the demo cloud answers itself."""

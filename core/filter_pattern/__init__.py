"""CloudWatch Logs' filter patterns: parsed, matched, explained and written again, without a call to AWS.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
What AWS does not write down is decided in docs/adr/0017-filter-patterns.md.
"""

from core.filter_pattern.errors import FilterPatternError
from core.filter_pattern.parsing import MAX_LENGTH, parse
from core.filter_pattern.pattern import FilterPattern, PatternKind

__all__ = ["MAX_LENGTH", "FilterPattern", "FilterPatternError", "PatternKind", "parse"]

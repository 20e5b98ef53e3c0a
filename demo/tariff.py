"""What the demo cloud charges: one row a usage type, with its price and its monthly allowance. Nothing is computed.

Prices of us-east-1, November 2026, in every region. https://aws.amazon.com/pricing/
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

EC2: Final = "Amazon Elastic Compute Cloud - Compute"
EC2_OTHER: Final = "EC2 - Other"
ELB: Final = "Amazon Elastic Load Balancing"
DYNAMODB: Final = "Amazon DynamoDB"
LAMBDA: Final = "AWS Lambda"
S3: Final = "Amazon Simple Storage Service"
CLOUDWATCH: Final = "AmazonCloudWatch"
EXPLORER: Final = "AWS Cost Explorer"

ALWAYS: Final = "Always Free"


@dataclass(frozen=True, slots=True)
class Tariff:
    """One usage type as it stands on a bill."""

    service: str
    """As Cost Explorer names it."""
    code: str
    """As billing exports and AWS/Billing name it."""
    usage_type: str
    """Without the region's letters."""
    operation: str
    unit: str
    price: Decimal
    """Dollars a unit."""
    free: Decimal = Decimal(0)
    """Units a month that cost nothing, for all accounts of the payer together."""
    offer: str = ""
    """The Free Tier's own words for the allowance."""

    @property
    def key(self) -> tuple[str, str]:
        return self.code, self.usage_type


def _row(service: str, code: str, what: str, unit: str, price: str, *, free: str = "0", offer: str = "") -> Tariff:
    usage_type, _, operation = what.partition(" ")
    return Tariff(service, code, usage_type, operation, unit, Decimal(price), Decimal(free), offer)


TARIFFS: Final = (
    _row(EC2, "AmazonEC2", "BoxUsage:t2.micro RunInstances", "Hrs", "0.0116"),
    _row(EC2_OTHER, "AmazonEC2", "EBS:VolumeUsage.gp3 CreateVolume-Gp3", "GB-Mo", "0.08"),
    _row(
        EC2_OTHER, "AWSDataTransfer", "DataTransfer-Out-Bytes LoadBalancing", "GB", "0.09", free="100",
        offer="100 GB are always free per month as part of AWS Free Usage Tier",
    ),
    _row(ELB, "AWSELB", "LoadBalancerUsage LoadBalancing:Application", "Hrs", "0.0225"),
    _row(ELB, "AWSELB", "LCUUsage LoadBalancing:Application", "LCU-Hrs", "0.008"),
    _row(
        DYNAMODB, "AmazonDynamoDB", "ReadCapacityUnit-Hrs CommittedThroughput", "ReadCapacityUnit-Hrs", "0.00013",
        free="18600", offer="18,600 hours a month of read capacity are always free",
    ),
    _row(
        DYNAMODB, "AmazonDynamoDB", "WriteCapacityUnit-Hrs CommittedThroughput", "WriteCapacityUnit-Hrs", "0.00065",
        free="18600", offer="18,600 hours a month of write capacity are always free",
    ),
    _row(
        LAMBDA, "AWSLambda", "Request Invoke", "Requests", "0.0000002", free="1000000",
        offer="1,000,000 free requests per month for AWS Lambda",
    ),
    _row(
        LAMBDA, "AWSLambda", "Lambda-GB-Second Invoke", "Lambda-GB-Second", "0.0000166667", free="400000",
        offer="400,000 seconds of compute time per month for AWS Lambda",
    ),
    _row(S3, "AmazonS3", "Requests-Tier1 PutObject", "Requests", "0.000005"),
    _row(S3, "AmazonS3", "TimedStorage-ByteHrs StandardStorage", "GB-Mo", "0.023"),
    _row(
        CLOUDWATCH, "AmazonCloudWatch", "CW:Requests Requests", "Requests", "0.00001", free="1000000",
        offer="1,000,000 API requests are always free per month for Amazon CloudWatch",
    ),
    _row(CLOUDWATCH, "AmazonCloudWatch", "CW:GMD-Metrics GetMetricData", "Metrics", "0.00001"),
    _row(
        CLOUDWATCH, "AmazonCloudWatch", "CW:MetricMonitorUsage MetricStorage", "Metrics", "0.30", free="10",
        offer="10 custom metrics are always free per month for Amazon CloudWatch",
    ),
    _row(
        CLOUDWATCH, "AmazonCloudWatch", "CW:AlarmMonitorUsage Unknown", "Alarms", "0.10", free="10",
        offer="10 alarms are always free per month for Amazon CloudWatch",
    ),
    _row(CLOUDWATCH, "AmazonCloudWatch", "CW:CompositeAlarmMonitorUsage Unknown", "Alarms", "0.50"),
    _row(
        CLOUDWATCH, "AmazonCloudWatch", "DataProcessing-Bytes PutLogEvents", "GB", "0.50", free="5",
        offer="5 GB of log data ingestion are always free per month for Amazon CloudWatch",
    ),
    _row(CLOUDWATCH, "AmazonCloudWatch", "DataScanned-Bytes StartQuery", "GB", "0.005"),
    _row(EXPLORER, "AWSCostExplorer", "APIRequest CostExplorerAPI", "Requests", "0.01"),
)  # fmt: skip

BY_KEY: Final = {tariff.key: tariff for tariff in TARIFFS}

PREFIXES: Final = {"us-east-1": "", "us-east-2": "USE2-", "us-west-2": "USW2-", "eu-west-1": "EU-"}
"""A region's letters before a usage type.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/aws-usage-report-understand.html"""
ALWAYS_PREFIXED: Final = {"APIRequest": "USE1-"}


def on_bill(tariff: Tariff, region: str) -> str:
    """Give the usage type as the bill has it, with the region's letters."""
    return ALWAYS_PREFIXED.get(tariff.usage_type, PREFIXES.get(region, "")) + tariff.usage_type


GRANTED: Final = Decimal(1000)
"""Dollars of credits that the payer began with."""
CREDIT: Final = "AWS_Activate_2026"
"""What the credits are called on the bill."""

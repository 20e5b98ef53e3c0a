"""What nobody looked after: alarms that cannot fire or reach nobody, as every account has some."""

from __future__ import annotations

from typing import Any, Final

from moto.kms.models import kms_backends
from moto.sns.models import sns_backends

from demo.building import Built, pairs

RETIRED_INSTANCE: Final = "i-0d15c0ffee0ddba11"
"""It was terminated long before the demo's past begins."""
UNHEARD: Final = "directory-dr-oncall"
"""A topic that nobody is subscribed to any more."""
LOCKED: Final = "directory-dr-vault"
"""A topic that is encrypted with a key whose policy is as KMS makes it: CloudWatch may not use it."""

Request = dict[str, Any]


def neglect(built: Built) -> list[Request]:
    """Make the topics that reach nobody, and give the alarms in a bad way; only where few people look."""
    if built.site.share == 1.0:
        return []
    unheard, locked = _topics(built)
    balancer = [{"Name": "LoadBalancer", "Value": built.load_balancer}]
    elb = {"Namespace": "AWS/ApplicationELB", "Dimensions": balancer, "EvaluationPeriods": 5, "Statistic": "Sum"}
    wanted: list[Request] = [
        {
            "AlarmName": "directory-dr-old-web-cpu",
            "AlarmDescription": "CPU of the web server from before the group. The instance is long gone.",
            "Namespace": "AWS/EC2",
            "MetricName": "CPUUtilization",
            "Dimensions": [{"Name": "InstanceId", "Value": RETIRED_INSTANCE}],
            "Statistic": "Average",
            "EvaluationPeriods": 3,
            "Threshold": 90.0,
            "AlarmActions": [built.topic_arn],
        },
        elb
        | {
            "AlarmName": "directory-dr-rejected",
            "AlarmDescription": "The load balancer answers with 5xx itself: tell whoever is on call.",
            "MetricName": "HTTPCode_ELB_5XX_Count",
            "Threshold": 50.0,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [unheard],
        },
        elb
        | {
            "AlarmName": "directory-dr-flood",
            "AlarmDescription": "Far more requests than the whole directory has ever had.",
            "MetricName": "RequestCount",
            "Threshold": 50_000.0,
            "AlarmActions": [locked],
        },
    ]
    common = {"ActionsEnabled": True, "Period": 60, "ComparisonOperator": "GreaterThanThreshold"}
    return [common | alarm | {"Tags": pairs(built.site.tags)} for alarm in wanted]


def _topics(built: Built) -> tuple[str, str]:
    site = built.site
    sns: Any = sns_backends[site.scope.account][site.scope.region]
    kms: Any = kms_backends[site.scope.account][site.scope.region]
    key = kms.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "Topics of the directory", None)
    unheard = sns.create_topic(UNHEARD, tags=pairs(site.tags))
    locked = sns.create_topic(LOCKED, attributes={"KmsMasterKeyId": key.arn}, tags=pairs(site.tags))
    sns.subscribe(locked.arn, "security@directory.test", "email")
    return str(unheard.arn), str(locked.arn)

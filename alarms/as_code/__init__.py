"""Alarms as code: read from AWS CLI JSON, CloudFormation, SAM and Terraform; loaded, or refused with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from alarms.as_code import aws_cli, cloudformation, plan, records, terraform
from alarms.as_code.drafts import Draft, Loaded, finished
from alarms.as_code.sources import SourceError, read_document

__all__ = ["Loaded", "SourceError", "load", "load_inline"]

_ACCEPTED = (
    "no alarms are read from this: give AWS CLI JSON (describe-alarms, or put-metric-alarm's input), a CloudFormation "
    "or SAM template, Terraform (.tf, .tf.json), the JSON of `terraform show -json`, or a list of resources, each with "
    "type and properties"
)


def load(path: Path, *, parameters: Mapping[str, str] | None = None) -> tuple[Loaded, ...]:
    """Read every alarm of a file, in its order; raises SourceError (with a line) where the file itself is unreadable.

    `parameters` are values for a template's parameters, pseudo parameters (`AWS::Region`) and Terraform's variables,
    before their defaults. Of a Terraform file, the variables and locals of its whole folder are known.
    """
    return tuple(finished(draft, file=str(path)) for draft in _drafts(path, parameters or {}))


def load_inline(document: object, *, file: str) -> tuple[Loaded, ...]:
    """Read alarms in AWS's members out of a part of a document that was read with `alarms.as_code.sources`."""
    if not aws_cli.is_cli(document):
        raise SourceError("inline alarms have AWS's members: AlarmName, MetricName, Threshold …")
    return tuple(finished(draft, file=file) for draft in aws_cli.drafts(document))


def _drafts(path: Path, parameters: Mapping[str, str]) -> Iterable[Draft]:
    if path.name.endswith((".tf", ".tf.json")):
        return terraform.drafts(path, parameters)
    document = read_document(path)
    if cloudformation.is_template(document):
        return cloudformation.drafts(document, parameters)
    if plan.is_plan(document):
        return plan.drafts(document)
    if records.are_records(document):
        return records.drafts(document, parameters)
    if aws_cli.is_cli(document):
        return aws_cli.drafts(document)
    raise SourceError(_ACCEPTED)

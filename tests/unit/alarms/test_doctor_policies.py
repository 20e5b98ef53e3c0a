"""What a resource policy says of CloudWatch: allowed, refused, or that it cannot be told from the policy."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alarms.doctor.policies import Caller, Truth, glob, rule, with_statement

ACCOUNT = "111111111111"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:ops"
CONTEXT = {
    "aws:sourceaccount": ACCOUNT,
    "aws:sourceowner": ACCOUNT,
    "aws:sourcearn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:high cpu: web",
    "aws:securetransport": "true",
    "aws:principalisawsservice": "true",
}
CALL = Caller("sns:Publish", TOPIC, ACCOUNT, CONTEXT, as_account=None)
FOR_CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}


def statement(**members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": FOR_CLOUDWATCH, "Action": "sns:Publish", "Resource": TOPIC} | members


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


ALARMS = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:*"


def condition(operator: str, key: str, value: Any) -> dict[str, Any]:
    return statement(Condition={operator: {key: value}})


SNS_DEFAULT = statement(
    Principal={"AWS": "*"},
    Action=["SNS:GetTopicAttributes", "SNS:Publish", "SNS:Subscribe"],
    Condition={"StringEquals": {"AWS:SourceOwner": ACCOUNT}},
)


@pytest.mark.parametrize(
    ("why", "one", "allowed"),
    [
        ("SNS's own default policy lets the account's alarms in", SNS_DEFAULT, True),
        ("the service by name", statement(), True),
        (
            "the service in a list",
            statement(Principal={"Service": ["budgets.amazonaws.com", *FOR_CLOUDWATCH.values()]}),
            True,
        ),
        ("everybody", statement(Principal="*"), True),
        ("another service", statement(Principal={"Service": "budgets.amazonaws.com"}), False),
        ("a role", statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/admin"}), False),
        ("another account", statement(Principal={"AWS": "arn:aws:iam::222222222222:root"}), False),
        ("the account as a whole", statement(Principal={"AWS": ACCOUNT}), None),
        ("all but somebody", {"Effect": "Allow", "NotPrincipal": {"AWS": "*"}, "Action": "*"}, None),
        ("a pattern of actions", statement(Action="SNS:Pub*"), True),
        ("other actions", statement(Action=["sns:Subscribe"]), False),
        ("all but this action", {"Effect": "Allow", "Principal": "*", "NotAction": "sns:Publish"}, False),
        ("another topic", statement(Resource=f"{TOPIC}-other"), False),
        ("topics of a pattern", statement(Resource="arn:aws:sns:*:*:op?"), True),
        ("its account", condition("StringEquals", "aws:SourceAccount", [ACCOUNT, "222222222222"]), True),
        ("another account's alarms", condition("StringEquals", "aws:SourceAccount", "222222222222"), False),
        ("not another account's", condition("StringNotEquals", "aws:SourceAccount", "222222222222"), True),
        ("alarms of the region", condition("ArnLike", "aws:SourceArn", ALARMS), True),
        ("alarms of another region", condition("ArnLike", "aws:SourceArn", ALARMS.replace("east-1", "west-2")), False),
        (
            "a star is not more than one part of an ARN",
            condition("ArnLike", "aws:SourceArn", "arn:aws:*:alarm:*"),
            False,
        ),
        ("but it is in a string", condition("StringLike", "aws:SourceArn", "arn:aws:*:alarm:*"), True),
        ("encrypted transport", condition("Bool", "aws:SecureTransport", "true"), True),
        ("a truth in JSON", condition("Bool", "aws:SecureTransport", [True]), True),
        ("a key is there", condition("Null", "aws:SourceArn", "false"), True),
        ("an organisation is known to AWS only", condition("StringEquals", "aws:PrincipalOrgID", "o-1"), None),
        ("an operator that is not known here", condition("DateLessThan", "aws:SourceArn", "2027-01-01"), None),
        ("a variable", condition("StringEquals", "aws:SourceAccount", "${aws:PrincipalAccount}"), None),
    ],
)
def test_one_statement(why: str, one: dict[str, Any], allowed: Truth) -> None:
    assert rule(policy(one), CALL).allowed is allowed, why


@pytest.mark.parametrize(
    ("why", "statements", "allowed", "reason"),
    [
        ("nothing allows", (), False, "no statement allows it"),
        ("a denial wins", (statement(), statement(Effect="Deny")), False, "statement 2 denies it"),
        (
            "a denial that may hold",
            (statement(), condition("StringNotEquals", "aws:PrincipalOrgID", "o-1") | {"Effect": "Deny"}),
            None,
            "statement 2 depends on what only AWS knows of the call",
        ),
        (
            "a denial that spares services",
            (
                statement(),
                statement(
                    Effect="Deny",
                    Condition={
                        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"},
                        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
                    },
                ),
            ),
            True,
            "statement 1 allows it",
        ),
        (
            "a denial of unencrypted transport",
            (statement(), condition("Bool", "aws:SecureTransport", "false") | {"Effect": "Deny", "Principal": "*"}),
            True,
            "statement 1 allows it",
        ),
        (
            "what is not allowed need not be denied",
            (condition("Bool", "aws:X", "1") | {"Effect": "Deny"},),
            False,
            "no statement allows it",
        ),
    ],
)
def test_statements_together(why: str, statements: tuple[dict[str, Any], ...], allowed: Truth, reason: str) -> None:
    found = rule(policy(*statements), CALL)
    assert (found.allowed, found.reason) == (allowed, reason), why


def test_a_single_statement_needs_no_list() -> None:
    assert rule(json.dumps({"Statement": statement()}), CALL).allowed is True


@pytest.mark.parametrize("text", ["{", "[]", '{"Statement": ["x"]}', "1", "[" * 100_000])
def test_what_is_no_policy_is_not_decided_and_not_overwritten(text: str) -> None:
    assert rule(text, CALL).allowed is None
    with pytest.raises(ValueError, match="by hand first"):
        with_statement(text, statement())


def test_a_statement_more_leaves_the_others_as_they_are() -> None:
    other = statement(Principal={"Service": "budgets.amazonaws.com"}, Sid="Budgets")
    changed = with_statement(policy(other), statement())
    assert json.loads(changed) == {"Version": "2012-10-17", "Statement": [other, statement()]}
    assert rule(changed, CALL).allowed is True
    assert rule(with_statement("", statement()), CALL).allowed is True


@settings(deadline=None)
@given(st.text("a*?b", max_size=8), st.text("ab", max_size=8))
def test_a_pattern_matches_as_its_regular_expression_does(pattern: str, text: str) -> None:
    expression = "".join({"*": ".*", "?": "."}.get(letter, letter) for letter in pattern)
    assert glob(pattern, text) == bool(re.fullmatch(expression, text))


MEMBERS = st.sampled_from(["Statement", "Effect", "Principal", "AWS", "Action", "Condition", "Bool", "aws:SourceArn"])
documents = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(documents)
def test_any_document_gets_an_answer(document: Any) -> None:
    assert rule(json.dumps(document), CALL).allowed in (True, False, None)

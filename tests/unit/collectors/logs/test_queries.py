"""Saved queries: what differs is said before anything is written, and every plan has its way back."""

from __future__ import annotations

from dataclasses import replace

from access.changes import Answer, authorize
from access.identity import Actor, Role
from access.plans import Grant
from collectors.logs import queries
from collectors.logs.queries import DefinitionVersion, SavedQuery, from_response, to_request
from core.reading import Scope, Verdict

SCOPE = Scope("111111111111", "us-east-1")
LIVE = SavedQuery("q-1", "web/errors", "filter level = 'ERROR'", ("/app",))
NEW = SavedQuery("", "web/new", "fields @message", ("/app", "/other"))
ENGINEER, VIEWER = Actor("ann", Role.ENGINEER), Actor("bob", Role.VIEWER)


def test_a_definition_survives_the_way_to_aws_and_back() -> None:
    assert from_response(to_request(LIVE)) == LIVE


def test_saving_a_new_one_is_done_once_and_undone_by_its_own_id() -> None:
    plan = queries.save(NEW, live=None, scope=SCOPE)
    (step,) = plan.steps
    assert (step.operation, step.once) == ("PutQueryDefinition", True)
    assert "queryDefinitionId" not in step.params
    assert step.undo is not None
    assert step.undo.operation == "DeleteQueryDefinition"
    assert step.undo.params == {"queryDefinitionId": Answer(step.key, "queryDefinitionId")}
    assert {change.field for change in plan.changes} == {"name", "queryString", "logGroupNames"}
    assert isinstance(authorize(plan, ENGINEER), Grant)
    assert isinstance(authorize(plan, VIEWER), Verdict)


def test_changing_one_keeps_its_id_and_puts_the_old_one_back() -> None:
    plan = queries.save(replace(NEW, name=LIVE.name), live=LIVE, scope=SCOPE)
    (step,) = plan.steps
    assert step.params["queryDefinitionId"] == "q-1"
    assert step.expected is not None
    assert step.expected.before == {"name": LIVE.name, "queryString": LIVE.text, "logGroupNames": ["/app"]}
    assert step.undo is not None
    assert step.undo.params == to_request(LIVE)
    assert [change.field for change in plan.changes] == ["queryString", "logGroupNames"]


def test_saving_what_is_saved_changes_nothing() -> None:
    assert queries.save(replace(LIVE, id=""), live=LIVE, scope=SCOPE).steps == ()


def test_deleting_one_expects_it_as_it_was_read_and_saves_it_again() -> None:
    (step,) = queries.delete(LIVE, scope=SCOPE).steps
    assert step.params == {"queryDefinitionId": "q-1"}
    assert step.undo is not None
    assert "queryDefinitionId" not in step.undo.params
    assert step.undo.params["queryString"] == LIVE.text


def test_a_version_is_read_by_its_id_among_those_of_like_names() -> None:
    answer = {"queryDefinitions": [to_request(LIVE), to_request(replace(LIVE, id="q-2", text="other"))]}
    found = DefinitionVersion("q-2")(answer)
    assert found is not None
    assert found["queryString"] == "other"
    assert DefinitionVersion("q-3")(answer) is None

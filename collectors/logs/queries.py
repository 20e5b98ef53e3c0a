"""Saved queries: AWS's own query definitions, so that the console shows the same ones. Reading them is free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from access.changes import Answer, ChangePlan, Document, Expected, FieldChange, Look, Step, differences
from access.policy import Action
from cloud.clients import Clients
from collectors.paging import pages
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.log_lines import EPOCH
from core.reading import Fault, Reading, Scope

KEPT_FOR: Final = timedelta(minutes=1)
LANGUAGE: Final = "CWLI"
"""Logs Insights' own language; definitions of others are listed, not run here."""
_PUT: Final = ("logs", "PutQueryDefinition")
_DELETE: Final = ("logs", "DeleteQueryDefinition")
_NEW: Final = "saved query"
_READ: Final = ("logs", "DescribeQueryDefinitions")


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query that somebody saved, here or in the console."""

    id: str
    """Empty for one that is not saved yet."""
    name: str
    text: str
    groups: tuple[str, ...] = ()
    changed_at: datetime | None = None
    language: str = LANGUAGE

    @property
    def folder(self) -> str:
        """What stands before the last slash of its name, as the console folds them."""
        return self.name.rpartition("/")[0]


def snapshots(store: Store) -> Snapshots[tuple[SavedQuery, ...]]:
    """Give the shared readings of saved queries."""
    return Snapshots(store, "saved queries", Reading[tuple[SavedQuery, ...]])


def read(clients: Clients, scope: Scope, *, now: datetime) -> Reading[tuple[SavedQuery, ...]]:
    """Give every saved query by name."""
    faults: list[Fault] = []
    found = [
        from_response(document)
        for page in pages(clients, scope, "logs", "DescribeQueryDefinitions", faults)
        for document in page.get("queryDefinitions", ())
    ]
    return Reading(tuple(sorted(found, key=lambda each: (each.name, each.id))), now, tuple(faults))


def from_response(document: Mapping[str, Any]) -> SavedQuery:
    changed = document.get("lastModified")
    return SavedQuery(
        str(document.get("queryDefinitionId", "")),
        str(document.get("name", "")),
        str(document.get("queryString", "")),
        tuple(map(str, document.get("logGroupNames", ()))),
        EPOCH + timedelta(milliseconds=changed) if isinstance(changed, int) else None,
        str(document.get("queryLanguage") or LANGUAGE),
    )


def to_request(query: SavedQuery) -> dict[str, Any]:
    """Give the request that makes a definition what `query` says."""
    known = {"queryDefinitionId": query.id} if query.id else {}
    return {
        "name": query.name,
        "queryString": query.text,
        "logGroupNames": list(query.groups),
        "queryLanguage": query.language,
        **known,
    }


def save(query: SavedQuery, *, live: SavedQuery | None, scope: Scope) -> ChangePlan:
    """Plan to save a query; `live` is the one that it replaces. Saving is free."""
    if live is not None:
        query = replace(query, id=live.id)
    put = _put_step(query, before=live, scope=scope)
    undo = _put_step(live, before=query, scope=scope) if live else _delete_saved(query, scope)
    return ChangePlan(
        f"{'Change' if live else 'Save'} the query {query.name}",
        () if live is not None and _version(live) == _version(query) else (replace(put, undo=undo),),
        differences(_version(live), _version(query), thing=query.name),
        warnings=("Everybody who may read logs in this account and region sees saved queries, in the console too.",),
    )


def delete(live: SavedQuery, *, scope: Scope) -> ChangePlan:
    """Plan to delete a saved query. The undo saves it again, under a new id."""
    step = Step(
        *_DELETE,
        {"queryDefinitionId": live.id},
        scope,
        f"Delete the query {live.name}",
        Action.EDIT_LOGS,
        (live.name,),
        undo=_put_step(replace(live, id=""), before=None, scope=scope),
        expected=Expected(_look(live), _version(live), None),
    )
    return ChangePlan(
        f"Delete the query {live.name}", (step,), (FieldChange("Query", dict(_version(live) or {}), None, live.name),)
    )


def _put_step(query: SavedQuery, *, before: SavedQuery | None, scope: Scope) -> Step:
    return Step(
        *_PUT,
        to_request(query),
        scope,
        f"Save the query {query.name}",
        Action.EDIT_LOGS,
        (query.name,),
        expected=Expected(_look(query), _version(before), _version(query)) if query.id else None,
        key="" if query.id else _NEW,
        once=not query.id,
    )


def _delete_saved(query: SavedQuery, scope: Scope) -> Step:
    """Delete the query that a step before has saved."""
    params = {"queryDefinitionId": Answer(_NEW, "queryDefinitionId")}
    return Step(*_DELETE, params, scope, f"Delete the query {query.name}", Action.EDIT_LOGS, (query.name,))


def _look(query: SavedQuery) -> Look:
    return Look(*_READ, {"queryDefinitionNamePrefix": query.name}, DefinitionVersion(query.id))


@dataclass(frozen=True, slots=True)
class DefinitionVersion:
    """Reads one definition out of a DescribeQueryDefinitions answer."""

    id: str

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        found = (from_response(each) for each in answer.get("queryDefinitions", ()))
        return _version(next((each for each in found if each.id == self.id), None))


def _version(query: SavedQuery | None) -> Document | None:
    """The members that a person changes."""
    if query is None:
        return None
    return {"name": query.name, "queryString": query.text, "logGroupNames": list(query.groups)}

"""The demo cloud's own controls: which stories there are, what is being told, telling and calming."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from demo.engine import Engine
from demo.ground import Ground
from demo.routing import ControlError
from demo.story import COURSES, Story, Telling

Answered = tuple[int, Mapping[str, Any]]


def controls(engine: Engine, ground: Ground) -> dict[tuple[str, str], Callable[[dict[str, Any]], Answered]]:
    """Give what answers the story controls, by method and path; each answers with the new state of things.

    `GET /_demo/story`; `POST /_demo/tell {"story": "traffic-spike", "site": "directory-prod"}` (site optional);
    `POST /_demo/calm {"story": …}` (without a story everything is calmed).
    """

    def story(_: dict[str, Any]) -> Answered:
        with ground.lock:
            return 200, _state(engine, ground)

    def tell(wanted: dict[str, Any]) -> Answered:
        with ground.lock:
            try:
                engine.tell(_story(wanted.get("story")), at=ground.clock.now(), site=wanted.get("site"))
            except ValueError as error:
                raise ControlError(str(error)) from error
            return 200, _state(engine, ground)

    def calm(wanted: dict[str, Any]) -> Answered:
        asked = wanted.get("story")
        with ground.lock:
            engine.calm(at=ground.clock.now(), story=None if asked is None else _story(asked))
            return 200, _state(engine, ground)

    return {("GET", "/_demo/story"): story, ("POST", "/_demo/tell"): tell, ("POST", "/_demo/calm"): calm}


def _story(name: object) -> Story:
    try:
        return Story(str(name))
    except ValueError as error:
        raise ControlError(f"{name!r} is not a story; tell one of {', '.join(Story)}") from error


def _state(engine: Engine, ground: Ground) -> dict[str, Any]:
    now = ground.clock.now()
    return {
        "now": now.isoformat(),
        "sites": [place.site.name for place in engine.places],
        "stories": [
            {"story": str(story), "summary": course.summary, "seconds": int(course.duration.total_seconds())}
            for story, course in COURSES.items()
        ],
        "telling": [_document(telling) for telling in engine.told(at=now)],
    }


def _document(telling: Telling) -> dict[str, Any]:
    return {
        "story": str(telling.story),
        "site": telling.site,
        "since": telling.at.isoformat(),
        "until": telling.ends.isoformat(),
        "calmed": telling.calmed is not None,
    }

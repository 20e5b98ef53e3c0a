"""Where the browser gets the charts' code: once, from `static/`, not with every refresh."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

STATIC: Final = Path(__file__).parents[2] / "static"
"""Served under `app/static/`."""

LOADER: Final = """
// The component's code lies in static/charts and is fetched once; a refresh carries only data.
export default async function (component) {{
  const root = new URL({base!r}, document.baseURI).href;
  const module = await import(root + "app/static/charts/{module}");
  return module.default(component);
}}
"""


def loader(module: str, *, base_path: str = "") -> str:
    """Give the few lines of JavaScript that load `static/charts/<module>` when a component is mounted.

    `base_path` is Streamlit's `server.baseUrlPath`.
    """
    if not (STATIC / "charts" / module).is_file():
        raise FileNotFoundError(f"static/charts/{module} does not exist; name a file that does")
    inside = base_path.strip("/")
    return LOADER.format(base=f"/{inside}/" if inside else "/", module=module)


class _Revalidated(StaticFiles):
    """Files that a browser keeps, but asks about: an upgrade never mixes old modules with new ones."""

    async def get_response(self, path: str, scope: MutableMapping[str, Any]) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def static_route() -> Mount:
    """Give the route that serves `static/` as `app/static/`; Streamlit itself would look beside the page script."""
    return Mount("/app/static", app=_Revalidated(directory=STATIC), name="app-static")

"""Where the browser gets the charts' code: once, from `static/`, not with every refresh."""

from __future__ import annotations

from pathlib import Path
from typing import Final

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

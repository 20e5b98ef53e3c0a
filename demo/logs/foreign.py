"""What strangers send, as a log keeps it: markup, terminal escapes, reversed text, and secrets.

The keys are AWS's own example keys. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
"""

from __future__ import annotations

from typing import Final

from demo.world import HOSTILE, HOSTILE_BIDI, HOSTILE_MARKS, HOSTILE_PAGE

FOREIGN: Final = (
    f"Search term refused: {HOSTILE}",
    f"Search term refused: {HOSTILE_MARKS}",
    f"Upload renamed: invoice\u202egpj.exe and {HOSTILE_BIDI}",
    f"Referer refused: https://attacker.test{HOSTILE_PAGE}",
    "Search term refused: '; DROP TABLE employees; -- $(rm -rf /) `id` {{7*7}} %s%s%n",
    "raw:\x1b[2J\x1b[31;1mFATAL\x1b[0m \x1b]0;owned\x07 terminal escapes from a User-Agent",
    "raw:User-Agent with a NUL \x00 and a bell \x07 and \ufffd where UTF-8 was broken",
    "Client sent credentials in the query: AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "Login form posted to the wrong place: /login?user=jdoe&password=hunter2&token=eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
    "raw:| table | injection |\n|---|---|\n# heading :material/delete: <details open><summary>x</summary>",
)
"""Text behind `raw:` is the whole line; the rest is the message of a JSON line."""

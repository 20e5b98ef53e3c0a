#!/bin/sh
# Makes sure that the browser tests have a Chromium: an existing one, else Debian's package, else Playwright's download.
set -eu
[ "${WATCHKEEPER_SKIP_BROWSER:-}" = 1 ] && exit 0
[ -n "${WATCHKEEPER_CHROMIUM:-}" ] && exec test -x "$WATCHKEEPER_CHROMIUM"
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } >/dev/null 2>&1 && exit 0
fi
"${PYTHON:-python3}" -m playwright install chromium && exit 0
echo "No Chromium for the browser tests: install one, name one with WATCHKEEPER_CHROMIUM=/path, or set WATCHKEEPER_SKIP_BROWSER=1." >&2
exit 1

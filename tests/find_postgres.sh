#!/bin/sh
# Makes sure that the tests of the shared store have a PostgreSQL server: an existing one, else Debian's package.
set -eu
[ -n "${WATCHKEEPER_POSTGRES_BIN:-}" ] && exec test -x "$WATCHKEEPER_POSTGRES_BIN/initdb"
command -v initdb >/dev/null 2>&1 && exit 0
for found in /usr/lib/postgresql/*/bin/initdb; do
    [ -x "$found" ] && exit 0
done
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    # Told before, the package makes and starts no server of its own.
    { apt-get update -qq && apt-get install -y -qq postgresql-common &&
        sed -i 's/^#* *create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf &&
        apt-get install -y -qq postgresql; } >/dev/null 2>&1 && exit 0
fi
[ "${CI:-}" = true ] || { echo "No PostgreSQL server: its tests are skipped. Install one (Debian: postgresql), or name its folder with WATCHKEEPER_POSTGRES_BIN=/path." >&2; exit 0; }
echo "No PostgreSQL server for the tests of the shared store: install one, or name its folder with WATCHKEEPER_POSTGRES_BIN=/path." >&2
exit 1

#!/bin/sh
# Sets up .venv with the versions of constraints.txt; does nothing when it is up to date.
# Every failure ends in one line that says what to do, and exit 2.
set -eu
cd "$(dirname "$0")/.."
venv=.venv
stamp=$venv/.set-up
log=.venv-setup.log

mend() {
    printf 'set-up: %s\n' "$1" >&2
    exit 2
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_new_enough "$PYTHON" || mend "PYTHON=$PYTHON is not a Python of 3.11 or newer ($("$PYTHON" --version 2>&1 || true)); name another one."
        printf '%s\n' "$PYTHON"
        return
    fi
    for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$name" >/dev/null 2>&1 && is_new_enough "$name"; then
            printf '%s\n' "$name"
            return
        fi
    done
    have=$(python3 --version 2>&1 || true)
    mend "Python 3.11 or newer is needed, and python3 is: ${have:-missing}. Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python), or name it: make PYTHON=/path/to/python3.11 ..."
}

install() {
    # setuptools first and by itself: then nothing below needs a second, hidden download
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt setuptools wheel &&
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation \
            --config-settings editable_mode=compat -e '.[dev,torch]'
}

if [ -f "$stamp" ] && [ "$stamp" -nt pyproject.toml ] && [ "$stamp" -nt constraints.txt ] && is_new_enough "$venv/bin/python"; then
    exit 0
fi

if ! is_new_enough "$venv/bin/python"; then
    python=$(find_python)
    echo "set-up: making $venv with $("$python" --version 2>&1)"
    rm -rf "$venv"
    if ! "$python" -m venv "$venv" >"$log" 2>&1; then
        rm -rf "$venv"
        tail -n 3 "$log" >&2
        rm -f "$log"
        mend "$python cannot make a virtual environment. Install its venv module (Debian, Ubuntu: apt install python3-venv) or name another Python: make PYTHON=/path/to/python3 ..."
    fi
fi

echo "set-up: installing the versions of constraints.txt into $venv (the first time takes some minutes: torch is large)"
if ! install >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    if grep -qiE 'connection|network|resolution|timed out|unreachable|no matching distribution|proxy' "$log"; then
        mend "the packages could not be fetched. Check the network and run the same command again, or point pip at a folder of wheels: PIP_NO_INDEX=1 PIP_FIND_LINKS=/path make ... (all of pip's words: $log)"
    fi
    mend "pip could not install the packages; its last words are above, all of them in $log"
fi
rm -f "$log"
touch "$stamp"
echo "set-up: done"

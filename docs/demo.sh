#!/bin/sh
# The main job, offline, on the small base that ships with swereg: train an adapter and the
# baseline, list, compare, load. Run it with: make demo
set -eu
PATH="$(cd "${1:-.venv/bin}" && pwd):$PATH"
export HF_HUB_OFFLINE=1
SWEREG_HOME="$(pwd)/.demo"
export SWEREG_HOME
rm -rf "$SWEREG_HOME"

say() {
    printf '\n$ %s\n' "$*"
    "$@"
}

say swereg train --task sentiment --base mini
say swereg train --task sentiment --method full
say swereg train --task errand
say swereg list
say swereg compare --task sentiment
say swereg predict sentiment "Maten var underbar" "Tack för ingenting, tåget är inställt igen"
printf '\n$ echo "Hålet på Storgatan är kvar" | swereg load sentiment errand\n'
echo "Hålet på Storgatan är kvar" | swereg load sentiment errand
printf '\nThe registry of this demo: %s\n' "$SWEREG_HOME/registry.db"

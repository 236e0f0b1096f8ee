#!/usr/bin/env bash
# Runs once, as root, while Gradescope builds the image: a Python of its own for the grader.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1
SOURCE=${AUTOGRADER_ROOT:-/autograder}/source/backgrade

usable() { command -v "$1" && "$1" -c "import ensurepip, venv"; } >/dev/null 2>&1

python=
for version in 3.13 3.12 3.11; do
  if usable "python$version"; then python=python$version; break; fi
done
if [ -z "$python" ]; then
  apt-get update -qq
  for version in 3.13 3.12 3.11; do
    apt-get install -y -qq --no-install-recommends "python$version" "python$version-venv" || continue
    if usable "python$version"; then python=python$version; break; fi
  done
fi
if [ -z "$python" ]; then
  echo "setup.sh: no Python 3.11 to 3.13 here, and none to install; choose a newer base image" >&2
  exit 1
fi
command -v bwrap >/dev/null || apt-get install -y -qq --no-install-recommends bubblewrap ||
  echo "setup.sh: no bubblewrap; the inner layers of the box must do (grade doctor)"

"$python" -m venv "$SOURCE/venv"
"$SOURCE/venv/bin/python" -m pip install --quiet --no-cache-dir --require-hashes -r "$SOURCE/requirements.lock"
# run_autograder keeps no bytecode: without this each submission would compile the whole grader.
"$SOURCE/venv/bin/python" -m compileall -q "$SOURCE/grader"

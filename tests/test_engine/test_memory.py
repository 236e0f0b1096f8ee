"""The process that grades stays small, whatever student code answers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import handed_in, short_run

MOST_MB = 150
# Asked for in a short run: 42 cases of layers, whose answers of 4 MB are more than that.
SOME = (
    "affine_forward", "affine_backward", "batchnorm_forward", "layernorm_forward",
    "dropout_forward", "adam",
)  # fmt: skip
# The peak of the process itself: what its parent could ask for is that of its children too.
GRADE = """
import atexit, pathlib, sys
peak = pathlib.Path(sys.argv.pop(1))
atexit.register(lambda: peak.write_text(pathlib.Path("/proc/self/status").read_text()))
from grader.cli import main
main()
"""
LARGE = """

def _large(function):
    def wrapped(*args, **kwargs):
        out = function(*args, **kwargs)
        array = np.zeros(({size} // 8,))
        return (array, *out[1:]) if isinstance(out, tuple) else array
    return wrapped


for _name, _one in list(globals().items()):
    if hasattr(_one, "__code__") and _one.__module__ == __name__ and _name != "_large":
        globals()[_name] = _large(_one)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc, as on Linux")
@pytest.mark.parametrize(
    "size",
    [4_000_000, pytest.param(30_000_000, marks=pytest.mark.long_trial(0, name=" of 30 MB"))],
    ids=["4 MB", "30 MB"],
)
def test_large_answers_in_every_case_fill_no_memory(size: int, tmp_path: Path) -> None:
    for path, data in handed_in.reference().files.items():
        more = LARGE.format(size=size) if path.endswith("/layers.py") else ""
        place = tmp_path / "hw" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data + more.encode())
    arguments = [str(tmp_path / "peak"), str(tmp_path / "hw"), "-o", str(tmp_path / "out")]
    arguments += [] if short_run.EVERYTHING else ["--only", ",".join(SOME)]
    command = [sys.executable, "-c", GRADE, *arguments, "--notebooks=skip"]
    assert subprocess.run(command, capture_output=True, timeout=300).returncode == 0
    found = re.search(r"VmHWM:\s+(\d+) kB", (tmp_path / "peak").read_text())
    assert found is not None and int(found[1]) / 1024 < MOST_MB
    items = json.loads((tmp_path / "out" / "result.json").read_text())["items"]
    earned = {item["id"]: item["earned"] for item in items}
    assert earned["affine_forward"] == 0 < earned["adam"]

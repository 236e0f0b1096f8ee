"""What grading notebooks costs: time over a plain process that runs the same cells, and memory."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader.authoring.fixtures.curves import solved

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
MOST_OVER_S, MOST_SHARE, MOST_MB = 2.5, 0.1, 80
PLAIN = """
import json, sys
sys.path.insert(0, sys.argv[1])
names = {"__name__": "__main__"}
for source in json.load(open(sys.argv[2])):
    exec(compile(source, "a cell", "exec"), names)
"""
# The peak of the process itself: what wait4 tells is that of its children too.
GRADE = """
import atexit, re, sys
from grader.cli import main
def peak():
    status = open("/proc/self/status").read()
    open(PEAK, "w").write(re.search(r"VmHWM:\\s+(\\d+)", status)[1])
PEAK = sys.argv.pop(1)
atexit.register(peak)
main()
"""
HOSTILE = {
    "loops for ever": "while True:\n    pass",
    "kills its kernel": "import os\nos._exit(1)",
    "prints 100 MB": "for n in range(100):\n    print('x' * 10**6)",
    "waits for input": "input('name')",
    "shows 200 pictures": "import matplotlib.pyplot as plt\n"
    "for n in range(200):\n    plt.plot([0, n]); plt.show()",
    "raises 10 MB": "raise ValueError('x' * 10**7)",
}


def main() -> None:
    """Print the table of notebooks."""
    with tempfile.TemporaryDirectory() as folder:
        _times(Path(folder))
        _memory(Path(folder))


def _times(folder: Path) -> None:
    print(f"`grade --no-cache` beside the same code cells in a plain process, {ROUNDS} rounds")
    print(f"  target: at most {MOST_OVER_S} s and {MOST_SHARE:.0%} more")
    files = solved(ROOT / "reference").files
    whole: list[float] = []
    for name in sorted(path for path in files if path.endswith(".ipynb")):
        hw = _written(folder / Path(name).stem, {name: files[name]})
        cells = folder / "cells.json"
        cells.write_text(json.dumps(_code(files[name])))
        plain = [sys.executable, "-c", PLAIN, str(hw), str(cells)]
        pairs = [(_grade(hw, folder), _wall(plain)) for _ in range(ROUNDS)]
        ours, bare, peak = (
            statistics.median(values)
            for values in zip(*((wall, base, mb) for (wall, mb), base in pairs), strict=True)
        )
        again = _again(hw, folder)
        whole.append(ours)
        print(
            f"  {name:26} {ours:6.2f} s   plain {bare:6.2f} s   over {ours - bare:5.2f} s"
            f" ({ours / bare - 1:+.0%})   parent {peak:.0f} MB   unchanged, again {again:.2f} s"
        )
    print(f"  all three, one after the other: {sum(whole):.0f} s   target 150 s")


def _memory(folder: Path) -> None:
    print(f"peak of the parent while a notebook misbehaves   target {MOST_MB} MB")
    rubric = shutil.copytree(ROOT / "rubrics", folder / "rubrics") / "short.toml"
    rubric.write_text(
        'extends = "cs231n-a2"\nid = "short"\n[notebooks]\ncell_s = 3.0\nnotebook_s = 20.0\n'
    )
    for what, source in HOSTILE.items():
        rows = [{"cell_type": "code", "source": text, "metadata": {}} for text in (source, "1")]
        notebook = json.dumps({"cells": rows, "nbformat": 4, "nbformat_minor": 0}).encode()
        hw = _written(folder / "hostile", {"Dropout.ipynb": notebook})
        wall, mb = _grade(hw, folder, "--rubric", str(rubric))
        print(f"  {what:22} {mb:5.0f} MB   {wall:5.1f} s")


def _written(folder: Path, notebooks: dict[str, bytes]) -> Path:
    shutil.copytree(ROOT / "reference" / "cs231n", folder / "cs231n", dirs_exist_ok=True)
    for name, data in notebooks.items():
        (folder / name).write_bytes(data)
    return folder


def _code(notebook: bytes) -> list[str]:
    cells = json.loads(notebook)["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return [
        "\n".join(line for line in source.split("\n") if not line.startswith("%"))
        for source in code
    ]


def _grade(hw: Path, folder: Path, *options: str, cached: bool = False) -> tuple[float, float]:
    """Return wall seconds, and the peak MB of the process that grades."""
    peak = folder / "peak"
    command = [sys.executable, "-P", "-c", GRADE, str(peak), str(hw), "-o", str(folder / "out")]
    wall = _wall([*command, *([] if cached else ["--no-cache"]), *options])
    return wall, int(peak.read_text()) / 1024


def _again(hw: Path, folder: Path) -> float:
    _grade(hw, folder, cached=True)
    return _grade(hw, folder, cached=True)[0]


def _wall(command: list[str]) -> float:
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    environment = {**os.environ, **threads, "PYTHONPATH": str(ROOT)}
    started = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started

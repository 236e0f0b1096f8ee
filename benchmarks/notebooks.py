"""What notebooks cost: cpu time over a plain process that runs the same cells, and memory."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.warm import pinned
from grader.authoring.fixtures.curves import solved

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
MOST_OVER_S, MOST_SHARE, MOST_LIGHT_S, MOST_MB = 1.9, 0.03, 1.3, 250
MOST_REPLAY = 0.55  # of the plain cells
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
    if not shutil.which("perf"):
        print("notebooks: not measured: there is no `perf`, which counts all processes (Linux)")
        return
    with tempfile.TemporaryDirectory() as folder:
        _light(Path(folder))
        _times(Path(folder))
        _memory(Path(folder))


def _light(folder: Path) -> None:
    """Print what 25 light cells cost over a plain process and the code's grading."""
    cells = ["import numpy as np\nx = np.arange(10)"]
    cells += [f"print({n}, x.sum())\ny = x * {n}\ny[:3]" for n in range(24)]
    hw = _written(folder / "light", {"Dropout.ipynb": _notebook(*cells)})
    plain = _plain(folder, hw, cells)
    code = [sys.executable, "-m", "grader", str(hw), "-o", str(folder / "out"), "--notebooks=skip"]
    rounds = [(_grade(hw, folder)[0], _used(plain), _used(code)) for _ in range(2 * ROUNDS)]
    ours, bare, alone = (min(used.cpu_s for used in column) for column in zip(*rounds))
    print(
        f"25 light cells, least of {2 * ROUNDS} rounds, cpu s of all processes: {ours:.2f};"
        f" plain {bare:.2f}, the code alone {alone:.2f}"
    )
    print(f"  over both {ours - bare - alone:.2f}   target {MOST_LIGHT_S}")


def _times(folder: Path) -> None:
    """Print what the solved notebooks cost over a plain process with the same cells."""
    files = {n: d for n, d in solved(ROOT / "reference").files.items() if n.endswith(".ipynb")}
    hw = _written(folder / "solved", files)
    commands = [_plain(folder, hw, _code(data), name) for name, data in files.items()]
    rounds = []
    for _ in range(ROUNDS):
        ours, peak = _grade(hw, folder)
        told = json.loads((folder / "out" / "result.json").read_text())["measured"]["replay"]
        bare = [_used(command) for command in commands]
        rounds.append((ours.cpu_s - told["cpu_s"], sum(b.cpu_s for b in bare),
                       told["committing_s"], told["repeating_s"], ours.wall_s,
                       sum(b.wall_s for b in bare), peak))  # fmt: skip
    columns = map(statistics.median, zip(*rounds))
    cpu, base, committing, repeating, wall, base_wall, peak = columns
    print(f"`grade --no-cache` of the {len(files)} solved notebooks, median of {ROUNDS} rounds")
    print(f"  cpu s of all processes, without replay, {cpu:.2f}; plain {base:.2f}")
    allowed = MOST_SHARE * base + MOST_OVER_S
    print(
        f"  over {cpu - base:.2f} s   target {allowed:.2f} ({MOST_SHARE:.0%} and {MOST_OVER_S} s)"
    )
    share = (committing + repeating) / base
    print(
        f"  replay {share:.0%} of plain: committing and showing {committing:.2f} s, repeating"
        f" {repeating:.2f} s   target {MOST_REPLAY:.0%}"
    )
    print(f"  wall {wall:.2f} s, plain {base_wall:.2f} s; parent {peak:.0f} MB")
    _grade(hw, folder, cached=True)
    again = _grade(hw, folder, cached=True)[0]
    print(f"  unchanged, again: wall {again.wall_s:.2f} s, cpu {again.cpu_s:.2f} s")


def _memory(folder: Path) -> None:
    print(f"peak of the parent while a notebook misbehaves   target {MOST_MB} MB")
    rubric = shutil.copytree(ROOT / "rubrics", folder / "rubrics") / "short.toml"
    rubric.write_text(
        'extends = "cs231n-a2"\nid = "short"\n[notebooks]\ncell_s = 3.0\nnotebook_s = 20.0\n'
    )
    for what, source in HOSTILE.items():
        hw = _written(folder / "hostile", {"Dropout.ipynb": _notebook(source, "1")})
        used, mb = _grade(hw, folder, "--rubric", str(rubric))
        print(f"  {what:22} {mb:5.0f} MB   {used.wall_s:5.1f} s")


def _notebook(*sources: str) -> bytes:
    rows = [{"cell_type": "code", "source": source, "metadata": {}} for source in sources]
    return json.dumps({"cells": rows, "nbformat": 4, "nbformat_minor": 0}).encode()


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


def _grade(hw: Path, folder: Path, *options: str, cached: bool = False) -> tuple[Used, float]:
    """Return what a grading used, and the peak MB of the process that grades."""
    peak = folder / "peak"
    command = [sys.executable, "-P", "-c", GRADE, str(peak), str(hw), "-o", str(folder / "out")]
    used = _used([*command, *([] if cached else ["--no-cache"]), *options])
    return used, int(peak.read_text()) / 1024


def _plain(folder: Path, hw: Path, cells: list[str], name: str = "light") -> list[str]:
    file = folder / f"{name}.json"
    file.write_text(json.dumps(cells))
    return [sys.executable, "-c", PLAIN, str(hw), str(file)]


@dataclass(frozen=True)
class Used:
    """Seconds of a command and of all processes that it started."""

    wall_s: float
    cpu_s: float


def _used(command: list[str]) -> Used:
    """Run a command; count its processes by `perf`, as a box that is killed hides its own."""
    environment = {**pinned(), "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    with tempfile.NamedTemporaryFile("r") as told:
        counted = ["perf", "stat", "-x,", "-e", "task-clock", "-o", told.name, *command]
        started = time.perf_counter()
        subprocess.run(counted, env=environment, stdout=subprocess.DEVNULL, check=True)
        wall_s = time.perf_counter() - started
        (row,) = (line for line in told if "task-clock" in line)
    return Used(wall_s, float(row.split(",")[0]) / 1000)

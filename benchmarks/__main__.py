"""`python -m benchmarks [PART ...] [OPTIONS]`: what costs how much; `--help` lists all."""

import argparse
from typing import Any

from benchmarks import (
    box,
    class_,
    desk,
    diagnosis,
    images,
    notebooks,
    peers,
    picture,
    regrade,
    selfcheck,
    speed,
    spread,
)

PARTS = {
    "speed": speed.main,
    "box": box.main,
    "class": class_.main,
    "peers": peers.main,
    "regrade": regrade.main,
    "spread": spread.main,
    "picture": picture.main,
    "diagnosis": diagnosis.main,
    "desk": desk.main,
    "notebooks": notebooks.main,
    "selfcheck": selfcheck.main,
    "images": images.main,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; default all")
    parser.add_argument("--data", metavar="DIR", help="real CIFAR-10, for `images`")
    parser.add_argument(
        "--most", type=int, default=1_000, help="the largest class, for `class` and `regrade`"
    )
    parser.add_argument("--stub", type=int, help="the largest class of a stub; default --most")
    parser.add_argument("--peers", metavar="VENV", default="", help="with nbgrader, otter-grader")
    given = parser.parse_args()
    asked: dict[str, list[Any]] = {
        "images": [given.data],
        "class": [given.most, given.most if given.stub is None else given.stub],
        "regrade": [given.most],
        "peers": [given.peers],
    }
    if unknown := [name for name in given.parts if name not in PARTS]:
        parser.error(f"there is no {unknown[0]}; choose among {', '.join(PARTS)}")
    for name in given.parts or PARTS:
        PARTS[name](*asked.get(name, []))

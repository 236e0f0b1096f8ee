"""`python -m benchmarks [speed|box|spread|diagnosis|notebooks|selfcheck|images] [--data DIR]`."""

import argparse

from benchmarks import box, diagnosis, images, notebooks, selfcheck, speed, spread

PARTS = {
    "speed": speed.main,
    "box": box.main,
    "spread": spread.main,
    "diagnosis": diagnosis.main,
    "notebooks": notebooks.main,
    "selfcheck": selfcheck.main,
    "images": images.main,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; default all")
    parser.add_argument("--data", metavar="DIR", help="real CIFAR-10, for `images`")
    given = parser.parse_args()
    if unknown := [name for name in given.parts if name not in PARTS]:
        parser.error(f"there is no {unknown[0]}; choose among {', '.join(PARTS)}")
    for name in given.parts or PARTS:
        PARTS[name](*([given.data] if name == "images" else []))

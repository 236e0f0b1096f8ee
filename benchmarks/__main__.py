"""`python -m benchmarks [speed|box|spread|diagnosis|notebooks|selfcheck]`."""

import sys

from benchmarks import box, diagnosis, notebooks, selfcheck, speed, spread

PARTS = {
    "speed": speed,
    "box": box,
    "spread": spread,
    "diagnosis": diagnosis,
    "notebooks": notebooks,
    "selfcheck": selfcheck,
}

if __name__ == "__main__":
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        sys.exit(f"benchmarks: there is no {unknown[0]}; choose among {', '.join(PARTS)}")
    for name in wanted:
        PARTS[name].main()

"""`python -m benchmarks [speed|box|spread|diagnosis]`."""

import sys

from benchmarks import box, diagnosis, speed, spread

if __name__ == "__main__":
    wanted = sys.argv[1:] or ["speed", "box", "spread"]
    for name in wanted:
        {"speed": speed, "box": box, "spread": spread, "diagnosis": diagnosis}[name].main()

"""`python -m benchmarks [speed|spread|diagnosis]`."""

import sys

from benchmarks import diagnosis, speed, spread

if __name__ == "__main__":
    wanted = sys.argv[1:] or ["speed", "spread"]
    for name in wanted:
        {"speed": speed, "spread": spread, "diagnosis": diagnosis}[name].main()

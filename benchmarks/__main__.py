"""`python -m benchmarks [speed|spread]`."""

import sys

from benchmarks import speed, spread

if __name__ == "__main__":
    wanted = sys.argv[1:] or ["speed", "spread"]
    for name in wanted:
        {"speed": speed, "spread": spread}[name].main()

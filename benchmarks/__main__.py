"""`python -m benchmarks [speed|box|spread]`."""

import sys

from benchmarks import box, speed, spread

if __name__ == "__main__":
    wanted = sys.argv[1:] or ["speed", "box", "spread"]
    for name in wanted:
        {"speed": speed, "box": box, "spread": spread}[name].main()

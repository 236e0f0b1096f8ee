"""How fast, how large, how tight: `python -m benchmarks` prints tables. No test depends on time."""

"""Prints while it is imported."""
EXPECT = {"lost": {}}

for _ in range(1000):
    print("x" * 10_000)

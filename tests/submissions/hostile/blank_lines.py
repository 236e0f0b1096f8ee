"""A megabyte of blank lines."""
EXPECT = {"lost": {}, "maybe_lost": "layers"}
APPEND = {"layers.py": "\n" * 1_000_000}

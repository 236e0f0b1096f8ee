"""A source that names a codec whose decoder is slow on large files."""
EXPECT = {"lost": {}, "maybe_lost": "layers", "wall": 30}
PREPEND = {"layers.py": "# -*- coding: punycode -*-\n"}
APPEND = {"layers.py": "\n# " + "a9" * 200_000 + "\n"}

"""Import lines made to be slow to search: spaces, commas, and no end."""
EXPECT = {"lost": {}, "maybe_lost": "layers", "wall": 30}
APPEND = {
    "layers.py": "\n'''\n" + ("from " + " " * 2000 + "\n") * 300
    + "import " + "a, " * 200_000 + "\n" + "from " * 100_000 + "\n" + "\t" * 300_000 + "from\n'''\n"
}

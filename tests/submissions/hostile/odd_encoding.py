"""A coding line that names a codec which cannot read the file."""
EXPECT = {"lost": {}, "maybe_lost": "optim"}
PREPEND = {"optim.py": "# -*- coding: undefined -*-\n"}

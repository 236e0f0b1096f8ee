"""Check your homework: python selfcheck.py [NAME ...] [--watch] [--html]"""

import sys

HERE = sys.path[0]
if sys.version_info < (3, 9):
    sys.exit("selfcheck: needs Python 3.9 or newer, this is " + sys.version.split()[0])
sys.path[0] = HERE + "/.selfcheck"  # files of yours here may bear names of Python's own

from pathlib import Path  # noqa: E402

try:
    from grader.selfcheck.main import main
except ImportError:
    print("selfcheck: the folder .selfcheck is not here; unpack student.zip again", file=sys.stderr)
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main(Path(HERE), Path(HERE, ".selfcheck", "public.frame"), sys.argv[1:]))

"""Write submission.zip, the file to hand in: python make_submission.py"""

import sys

HERE = sys.path[0]
if sys.version_info < (3, 9):
    sys.exit("make_submission: needs Python 3.9 or newer, this is " + sys.version.split()[0])
sys.path[0] = HERE + "/.selfcheck"  # files of yours here may bear names of Python's own

from pathlib import Path  # noqa: E402

try:
    from grader.selfcheck.main import make_submission
except ImportError:
    print("make_submission: the folder .selfcheck is not here; unpack student.zip again",
          file=sys.stderr)  # fmt: skip
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(make_submission(Path(HERE), Path(HERE, ".selfcheck", "public.frame")))

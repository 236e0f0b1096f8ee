"""Write submission.zip, the file to hand in: python make_submission.py"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Files of yours here may bear names of Python's own: this folder is no place to import from.
others = [path for path in sys.path if path and os.path.abspath(path) != HERE]
sys.path = [os.path.join(HERE, ".selfcheck")] + others

if sys.version_info < (3, 9):
    found = sys.version.split()[0]
    sys.stderr.write("make_submission: needs Python 3.9 or newer, this is " + found + "\n")
    sys.exit(2)
if not os.path.isdir(os.path.join(HERE, ".selfcheck", "grader")):
    sys.stderr.write(
        "make_submission: the folder .selfcheck is not here; unpack student.zip again\n"
    )
    sys.exit(2)

if __name__ == "__main__":
    from pathlib import Path

    from grader.release.selfcheck.main import make_submission

    sys.exit(make_submission(Path(HERE), Path(HERE, ".selfcheck", "public.frame"), sys.argv[1:]))

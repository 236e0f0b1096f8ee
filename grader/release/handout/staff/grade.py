"""Grade with what is in this folder: python3 grade.py SUBMISSION

All of `grade` is there: python3 grade.py --help. Where this Python lacks a package that grading
needs, the first run puts all of them into .venv here, as requirements.lock pins them.
"""

import importlib.util
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(HERE, ".venv")
DONE = os.path.join(VENV, "installed")
LOCK = os.path.join(HERE, "requirements.lock")
NEEDS = (
    "numpy", "typer", "rich", "pydantic", "jinja2", "markdown_it", "nh3", "nbformat", "nbclient",
    "traitlets", "IPython", "matplotlib", "pygments", "typing_extensions", "tzdata",
)  # fmt: skip


def main():
    """Run the command line with a Python that has what it needs."""
    if sys.version_info < (3, 11):
        found = sys.version.split()[0]
        sys.exit("grade.py: needs Python 3.11 to 3.13, this is " + found + "; try python3.11")
    python = sys.executable if not lacking() else own()
    folders = [HERE] + [one for one in [os.environ.get("PYTHONPATH", "")] if one]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(folders))
    environment.pop("BACKGRADE_HOME", None)  # what is in this folder counts
    sys.stdout.flush()
    command = [python, "-P", "-m", "grader"] + sys.argv[1:]
    if os.name == "nt":
        sys.exit(subprocess.call(command, env=environment))
    os.execve(python, command, environment)


def lacking():
    """Return the packages that this Python does not have."""
    return [name for name in NEEDS if importlib.util.find_spec(name) is None]


def own():
    """Return the Python of .venv, with all that is needed; makes it if it is not whole."""
    parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    python = os.path.join(VENV, *parts)
    if os.path.exists(DONE):
        return python
    sys.stderr.write("grade.py: getting NumPy and the like into " + VENV + ", once\n")
    make = [sys.executable, "-m", "venv", "--clear", VENV]
    if subprocess.call(make, stdout=subprocess.DEVNULL) != 0:
        sys.exit("grade.py: no venv can be made; install python3-venv, or use another Python")
    get = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.call(get + ["--require-hashes", "-r", LOCK]) != 0:
        sys.exit(
            "grade.py: packages could not be installed; with Python 3.11 to 3.13 and the network "
            "they can, or install requirements.lock yourself and use that Python"
        )
    open(DONE, "w").close()
    return python


if __name__ == "__main__":
    main()

"""Make docs/report.png, the picture of the README, and beside it the text that stands in it.

The picture is the top of the report on demo/submission, as Chromium shows it. tests/test_picture.py
holds the text against what the demo gives today.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "report.png"
TEXT = ROOT / "docs" / "report.txt"
WIDTH, HEIGHT = 1000, 2030  # pixels
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-sync --hide-scrollbars "
    "--disable-background-networking --disable-component-update --force-device-scale-factor=1"
).split()
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
READ = """
<script>
addEventListener('load', () => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, range = document.createRange();
    const text = node.textContent.replace(/\\s+/g, ' ').trim();
    const shown = node.parentElement.checkVisibility({visibilityProperty: true});
    range.selectNodeContents(node);
    if (text && shown && !['SCRIPT', 'STYLE'].includes(node.parentElement.tagName))
      found.push([text, range.getBoundingClientRect().bottom]);
  }
  document.body.dataset.result = JSON.stringify(found);
});
</script></body>
"""


def report(folder: Path) -> str:
    """Grade demo/submission as `make demo` does; return its page, which is in `folder`."""
    command = [sys.executable, "-P", "-m", "grader", "demo/submission", "-o", str(folder)]
    command += ["--notebooks", "skip"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return (folder / "report.html").read_text(encoding="utf-8")


def shown(page: str, folder: Path) -> list[tuple[str, float]]:
    """Return the pieces of text that Chromium shows of a page, each with where it ends, in pixels.

    `folder` is empty, and is used up.
    """
    dom = _browse(folder, POLICY.sub("", page).replace("</body>", READ), "--dump-dom")
    found = re.search(r'data-result="([^"]*)"', dom)
    if found is None:
        raise SystemExit("picture: Chromium gave no text; run it by hand to see why")
    return [(str(text), float(end)) for text, end in json.loads(html.unescape(found[1]))]


def lines_of(text: str) -> tuple[list[str], str]:
    """Return what docs/report.txt holds: the pieces of text, and the sha256 of the picture."""
    *lines, last = text.splitlines()
    return lines, last.rpartition(" ")[2]


def make() -> None:
    """Make both files anew."""
    if CHROMIUM is None:
        raise SystemExit("picture: Chromium is not installed; apt-get install chromium")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = report(folder / "graded")
        inside = [text for text, end in shown(page, folder / "text") if end <= HEIGHT]
        _browse(folder / "picture", page, f"--screenshot={PICTURE}")
    digest = hashlib.sha256(PICTURE.read_bytes()).hexdigest()
    TEXT.write_text("\n".join([*inside, f"sha256 of report.png: {digest}"]) + "\n", "utf-8")


def _browse(folder: Path, page: str, *flags: str) -> str:
    """Open a page in a new browser, with a window of the size of the picture."""
    folder.mkdir()
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    size: Sequence[str] = (f"--window-size={WIDTH},{HEIGHT}", "--virtual-time-budget=5000")
    own = f"--user-data-dir={folder / 'profile'}"
    command = [str(CHROMIUM), *FLAGS, *size, own, *flags, path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


if __name__ == "__main__":
    make()

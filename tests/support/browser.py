"""Chromium, driven through its DevTools protocol: keys as a person presses them, and what is shown.

Needs chromium and the package websockets; without them a test is skipped, and says so.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--hide-scrollbars --disable-background-networking --disable-component-update "
    "--remote-debugging-port=0"
).split()
CODES = {"Enter": 13, "Tab": 9, "Escape": 27, " ": 32, "Backspace": 8}
PATIENCE_S = 30.0
AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Browser:
    """One page of a browser."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._numbers = socket, itertools.count(1)
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Any:
        """Send one command and return its result."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            found = json.loads(self._socket.recv(timeout=PATIENCE_S))
            if found.get("id") == number:
                assert "error" not in found, (method, found["error"])
                return found["result"]
            self.events.append(found)

    def open(self, url: str) -> None:
        """Open an address and wait until it is there."""
        self.run("window.former = true")
        self.call("Page.navigate", url=url)
        self.wait("!window.former && document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Return what a piece of JavaScript comes to."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, condition: str) -> Any:
        """Wait until a condition holds; a page that is just left cannot be asked."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                if found := self.run(condition):
                    return found
            except AssertionError:
                pass
            time.sleep(0.005)
        raise AssertionError(f"never came: {condition}; at {self.run('location.href')}")

    def key(self, key: str, ctrl: bool = False) -> None:
        """Press a key."""
        text = "\r" if key == "Enter" else key if len(key) == 1 else ""
        code = CODES.get(key, ord(key.upper()) if len(key) == 1 else 0)
        facts = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 2 if ctrl else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", text="" if ctrl else text, **facts)
        self.call("Input.dispatchKeyEvent", type="keyUp", **facts)

    def type(self, text: str) -> None:
        """Type a text into what has the focus."""
        self.call("Input.insertText", text=text)

    def leaving(self, *keys: str) -> None:
        """Press keys, the last of which leads to another page, and wait until that is there."""
        self.run("window.former = true")
        for key in keys:
            self.key(key)
        self.wait("!window.former && document.readyState === 'complete'")

    def picture(self, path: Path, width: int, height: int = 1000, dark: bool = False) -> None:
        """Keep what is seen."""
        self.size(width, height)
        self.dark(dark)
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def size(self, width: int, height: int = 1000) -> None:
        """Make the window so large, in pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
            mobile=False,
        )  # fmt: skip

    def dark(self, wanted: bool = True) -> None:
        """Prefer dark pages, or light ones."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if wanted else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def complaints(self) -> list[str]:
        """Return what the browser logged: errors, and what a policy of the page kept out."""
        entries = (e["params"]["entry"] for e in self.events if e["method"] == "Log.entryAdded")
        return [f"{entry['text']} {entry.get('url', '')}" for entry in entries]


@dataclass(frozen=True)
class Accessible:
    """What axe-core makes of a page: how many rules hold, and each place where one does not."""

    passes: int
    violations: tuple[str, ...]


def axe(browser: Browser, only: str = "") -> Accessible:
    """Return what axe-core makes of the page that is shown, by all rules or `only` by one.

    Without axe-core the test is skipped.
    """
    if not AXE.is_file():
        pytest.skip("NOT CHECKED: no axe-core; set AXE_CORE to its axe.min.js")
    browser.run(AXE.read_text(encoding="utf-8") + "; window.found = null; true")
    asked = json.dumps({"runOnly": [only] if only else RULES})
    browser.run(
        f"axe.run(document, {asked}).then(r => {{ window.found = {{"
        "passes: r.passes.length, violations: r.violations.map("
        "v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 200)))}; }); true"
    )
    found = browser.wait("window.found")
    return Accessible(found["passes"], tuple(found["violations"]))


@contextmanager
def opened(folder: Path) -> Iterator[Browser]:
    """Open a browser with a profile of its own below `folder`."""
    websockets = pytest.importorskip(
        "websockets.sync.client", reason="NOT CHECKED: websockets is not installed"
    )
    if CHROMIUM is None:
        pytest.skip("NOT CHECKED: chromium is not installed")
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder}/profile", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            lines = (re.search(r"ws://([^/]+)/", line) for line in process.stderr)
            place = next(found[1] for found in lines if found)
            import urllib.request

            with urllib.request.urlopen(f"http://{place}/json/list") as listing:
                page = next(one for one in json.load(listing) if one["type"] == "page")
            address = page["webSocketDebuggerUrl"]
            with websockets.connect(address, max_size=None) as socket:
                yield Browser(socket)
        finally:
            process.kill()

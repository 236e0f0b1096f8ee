"""The relay of a notebook: cells one by one, limits that hold, and no hang if anyone is gone."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from grader.guest import relay, wire
from grader.guest.children import Answer
from grader.guest.incoming import Incoming
from grader.guest.relay import Relay
from tests.support import processes

processes.adopt_orphans()


def echo(requests: Incoming, answer: Answer) -> None:
    """A child that ends each cell with the bytes of it, or does what they say."""
    while (message := requests.read()) is not None:
        text = message[1]["text"].tobytes().decode()
        if text == "dies":
            os._exit(3)
        if text == "kills itself":
            os.kill(os.getpid(), signal.SIGKILL)
        if text == "sleeps":
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                answer({"ready": True}, {})
                time.sleep(60)
            except KeyboardInterrupt:
                text = "interrupted"
        if text == "takes its time":
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                answer({"ready": True}, {})
                time.sleep(60)
            except KeyboardInterrupt:
                time.sleep(0.8)
                text = "interrupted"
        if text == "is deaf":
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            answer({"ready": True}, {})
            time.sleep(60)
        if text == "asks":
            answer({"commit": 1, "ask": 7, "over": "done"}, {})
            reply = requests.read()
            text = str(reply and reply[0])
        if text == "claims":
            answer({"stream": "stdout", "over": "done"}, {})
            answer({"commit": 1, "show": 1}, {"x": np.arange(3)})
        answer({"ended": -1, "text": text, "wall_s": 1e9, "interrupted": "x"}, {})
        if text == "dies afterwards":
            os._exit(0)
        if text == "talks on":
            answer({"stream": "stdout", "text": "late"}, {})


def cell(number: int, text: str) -> bytes:
    source = np.frombuffer(text.encode(), dtype=np.uint8)
    return wire.pack({"do": "cell", "number": number}, {"text": source})


END = wire.pack({"do": "end"})


def told(
    *steps: bytes,
    cell_s: float = 5.0,
    notebook_s: float = 20.0,
    gone_after: float = 0.0,
) -> list[dict[str, Any]]:
    """Follow a notebook that is asked for one step after another; return its frames.

    `gone_after` seconds the grader is gone, unless 0.
    """

    def reply(message: Mapping[str, Any]) -> dict[str, Any] | None:
        return {"show": True} if "commit" in message else None

    reading, writing = os.pipe()
    before, left = processes.mine(), [*steps, END]
    one = Relay(echo, os.setsid, cell_s, notebook_s, reply)
    os.write(writing, left.pop(0))
    leaving = threading.Timer(gone_after or 99, os.close, [writing])
    leaving.start()
    frames = []
    with processes.no_longer_than(30):
        for frame in one.follow(Incoming(reading, ahead=False)):
            message, _ = wire.opened(frame)
            frames += [] if "ready" in message else [dict(message)]
            if ("ended" in message or "ready" in message) and left:
                os.write(writing, left.pop(0))
    leaving.join() if gone_after else (leaving.cancel(), os.close(writing))
    os.close(reading)
    assert processes.gone(processes.mine() - before)
    return frames


def test_cells_come_one_by_one_and_only_the_relay_says_how_they_ended() -> None:
    first, second, over = told(cell(1, "a"), cell(2, "b"))
    assert (first["ended"], first["text"], first["interrupted"]) == (1, "a", False)
    assert first["wall_s"] < 5 and (second["ended"], second["text"]) == (2, "b")
    assert over == {"over": "done"}


def test_a_frame_that_asks_is_replied_to_and_passed_on_with_the_reply() -> None:
    asked, ended, _ = told(cell(1, "asks"))
    assert asked == {"commit": 1, "ask": 7, "show": True}
    assert ended["text"] == str({"show": True, "to": 7})


def test_what_only_the_relay_says_is_taken_out_of_other_frames() -> None:
    printed, commit, ended, over = told(cell(1, "claims"))
    assert printed == {"stream": "stdout"}
    assert commit["show"] is True  # and not 1, which is equal to it
    assert ended["ended"] == 1 and over == {"over": "done"}


def interrupt(number: int) -> bytes:
    return wire.pack({"do": "interrupt", "number": number})


ENDS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {  # what -> told(...), what it is
    "interrupted on request": (
        {"steps": [cell(1, "sleeps"), interrupt(1)]}, [{"text": "interrupted"}, {"over": "done"}],
    ),
    "an interrupt for another cell": (
        {"steps": [cell(1, "sleeps"), interrupt(2)], "notebook_s": 0.5},
        [{"over": "timeout"}],
    ),
    "interrupted when time is up": (
        {"steps": [cell(1, "sleeps"), b"", cell(2, "b")], "cell_s": 0.2},
        [{"text": "interrupted", "interrupted": True}, {"text": "b", "interrupted": False},
         {"over": "done"}],
    ),
    "no interrupt helps": (
        {"steps": [cell(1, "is deaf"), interrupt(1)], "cell_s": 9.0}, [{"over": "stuck"}],
    ),
    "the notebook's time is up": (
        {"steps": [cell(1, "a"), cell(2, "is deaf"), b""], "notebook_s": 0.5},
        [{"text": "a"}, {"over": "timeout"}],
    ),
    "time is up and nobody asks for more": (
        {"steps": [b""], "notebook_s": 0.3}, [{"over": "timeout"}],
    ),
    "it is killed": ({"steps": [cell(1, "kills itself")]}, [{"over": "killed"}]),
    "it dies": ({"steps": [cell(1, "dies")]}, [{"over": "died"}]),
    "it dies between cells": (
        {"steps": [cell(1, "dies afterwards"), cell(2, "b")]},
        [{"text": "dies afterwards"}, {"over": "died"}],
    ),
    "it talks between cells": (
        {"steps": [cell(1, "talks on"), cell(2, "b")]},
        [{"text": "talks on"}, {"stream": "stdout"}, {"text": "b"}, {"over": "done"}],
    ),
    "it does not read": (
        {"steps": [cell(1, "talks on"), cell(2, "is deaf"), b""], "notebook_s": 1.0},
        [{"text": "talks on"}, {"stream": "stdout"}, {"over": "timeout"}],
    ),
    "the grader is gone while a cell runs": (
        {"steps": [cell(1, "is deaf"), b""], "gone_after": 0.3, "cell_s": 60.0,
         "notebook_s": 60.0}, [],
    ),
    "the grader is gone between cells": ({"steps": [b""], "gone_after": 0.3}, []),
    "a request that is none": ({"steps": [b"x" * 99]}, [{"over": "died"}]),
}  # fmt: skip


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("what", ENDS)
def test_a_notebook_ends_and_nothing_of_it_is_left(what: str) -> None:
    given, wanted = ENDS[what]
    started = time.monotonic()
    frames = told(*given.pop("steps"), **given)
    assert len(frames) == len(wanted), frames
    for frame, one in zip(frames, wanted):
        assert one.items() <= frame.items(), frames
    assert time.monotonic() - started < 10.0


@pytest.mark.parametrize("share, ended", [(0.0, False), (0.3, True), (1.0, False)])
def test_a_cell_that_others_keep_from_its_core_gets_more_time_to_end(
    monkeypatch: pytest.MonkeyPatch, share: float, ended: bool
) -> None:
    monkeypatch.setattr(relay, "GRACE_S", 0.4)
    monkeypatch.setattr(relay, "cpu_of", lambda pid: share * time.monotonic())
    first, *_ = told(cell(1, "takes its time"), b"", cell_s=0.2)
    assert first == {"over": "stuck"} if not ended else first["text"] == "interrupted"


def test_a_text_larger_than_a_pipe_reaches_a_child_that_takes_its_time() -> None:
    (ended, _) = told(cell(1, "x" * 50_000))
    assert len(ended["text"]) == 50_000

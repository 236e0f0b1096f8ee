"""The pages of the desk, at 127.0.0.1: what each address does."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from grader.course import to_judge
from grader.course.desk import forms, log, pages, saving
from grader.course.desk.book import Book, Entry
from grader.course.desk.forms import Form
from grader.course.desk.guard import HOST, RESULT_CSP, Guard, answering
from grader.course.desk.pages import Draft, Setting, item_of
from grader.course.desk.saving import Proposal, Said
from grader.course.opinions import Criterion
from grader.errors import UsageError


class Desk:
    """Answers requests, one after another: nothing of the book is shared between two."""

    def __init__(self, book: Book, setting: Callable[[], Setting]) -> None:
        """Serve a book; `setting` is asked for when the first answer is opened."""
        self.book, self._make, self._made = book, setting, list[Setting]()
        self._reader: subprocess.Popen[bytes] | None = None
        self.read_results()

    @property
    def setting(self) -> Setting:
        """Return what stands beside answers."""
        if not self._made:
            self._made.append(self._make())
        return self._made[0]

    def read_results(self) -> bool:
        """Have results read that are new, by a process of their own; return whether one is."""
        if self._reader is not None and self._reader.poll() is None:
            return True
        if self._reader is not None and self._reader.returncode:
            return False  # it said why on the terminal
        if to_judge.is_stale(self.book.db):
            command = [sys.executable, "-m", "grader", "desk", "read", str(self.book.folder)]
            self._reader = subprocess.Popen(command, stdin=subprocess.DEVNULL)
            return True
        return False

    def close(self) -> None:
        """End what this desk started."""
        if self._reader is not None and self._reader.poll() is None:
            self._reader.terminate()
            self._reader.wait()
        self.book.close()

    # ------------------------------------------------------------------------- pages

    async def overview(self, request: Request) -> Response:
        """Show how far everything is."""
        reading = self.read_results()
        self.book.update()
        return HTMLResponse(pages.overview(self.book, self.setting, reading))

    async def next(self, request: Request) -> Response:
        """Lead to what is to be judged next of an item."""
        self.book.update()
        item, group = request.query_params.get("item", ""), request.query_params.get("group", "")
        if group:
            kind, _, name = group.partition(":")
            found = (e for k, n, e in self.book.groups(item) if (k, n) == (kind, name))
            entries = next(found, [])
            waiting = [e for e in entries if self.book.states[e.name] == "open"]
            return self._to(next(iter(waiting or entries), None))
        return self._to(self.book.next(item, request.query_params.get("after", "")))

    async def answer(self, request: Request) -> Response:
        """Show one thing to judge, which nobody else gets meanwhile."""
        self.book.update()
        entry = self._entry(request)
        if entry is None:
            return self._gone()
        if not self.book.claimed(entry.item).get(entry.students[0]):
            self.book.claim(entry)
        return HTMLResponse(pages.answer(self.book, self.setting, entry))

    async def save(self, request: Request) -> Response:
        """Keep what a form says, and lead to the next answer."""
        form, entry = await forms.read(request), self._entry(request)
        if entry is None:
            return self._gone()
        action = forms.one(form, "action") or "grade"
        try:
            said = forms.said(
                form, "grade" if action in ("group", "chosen", "criterion") else action
            )
            if action == "criterion" or forms.one(form, "new_text").strip() and action != "flag":
                return self._add_criterion(form, entry)
            if action in ("group", "chosen"):
                return self._ask_for_group(entry, said, action)
            saving.save(self.book, [entry], said)
        except UsageError as error:
            draft = forms.draft(form, str(error))
            return HTMLResponse(pages.answer(self.book, self.setting, entry, draft), 422)
        if self.book.states[entry.name] == "conflict":
            return self._to(entry)
        return self._to(self.book.next(entry.item, entry.name))

    def _ask_for_group(self, entry: Entry, said: Said, action: str) -> Response:
        equal = action == "group"
        found = self.book.group(entry) if equal else self.book.choice(entry)
        entries = [e for e in found if self.book.states[e.name] == "open"]
        saving.check(self.book, entries, said)
        how = "are equal but for case and punctuation" if equal else f"chose {entry.chosen}"
        many = f"{len(entries)} answers {how}"
        return HTMLResponse(pages.group(self.book, self.setting, entries, said, many))

    async def group(self, request: Request) -> Response:
        """Keep one decision for several answers, which a person has agreed to."""
        form = await forms.read(request)
        names = forms.one(form, "entries").split()
        entries = [self.book.entries[name] for name in names if name in self.book.entries]
        if not entries:
            return self._gone()
        saving.save(self.book, entries, forms.said(form, "grade"), "group")
        return self._to(self.book.next(entries[0].item, entries[0].name))

    def _add_criterion(self, form: Form, entry: Entry) -> Response:
        """Add a criterion once, however often the form comes, and show it ticked."""
        name = f"{forms.one(form, 'id')}c"
        text, worth = forms.one(form, "new_text").strip(), forms.number(form, "new_points")
        if not text or worth is None:
            raise UsageError("criterion: it needs a text and points; write both")
        one = Criterion(name, entry.item, worth, text[:2000], forms.one(form, "new_note")[:2000])
        if name not in self.book.scheme(entry).criteria:
            saving.carry_out(self.book, Proposal(entry.item, one), "")
        draft = forms.draft(form, "")
        draft = Draft((*draft.criteria, name), draft.points, draft.comment, draft.reason)
        return HTMLResponse(pages.answer(self.book, self.setting, entry, draft))

    async def undo(self, request: Request) -> Response:
        """Take back the last decision, and show what it was about."""
        entry = saving.undo(self.book)
        if entry is None:
            return HTMLResponse(pages.message("Nothing to undo", "You have decided nothing yet."))
        return self._to(entry)

    async def name(self, request: Request) -> Response:
        """Show whose an answer is; that is kept."""
        entry = self._entry(request)
        if entry is None:
            return self._gone()
        saving.show_name(self.book, entry)
        return self._to(entry)

    async def groups(self, request: Request) -> Response:
        """Show answers that go together."""
        self.book.update()
        item = request.query_params.get("item", "")
        if item not in self.book.by_item:
            return self._gone()
        return HTMLResponse(pages.groups(self.book, self.setting, item))

    async def criteria(self, request: Request) -> Response:
        """Show the criteria of an item, or what a change of one would do; or change it."""
        form = await forms.read(request) if request.method == "POST" else {}
        self.book.update()
        item = item_of(forms.one(form, "item") or request.query_params.get("item", ""))
        if item not in self.book.by_item:
            return self._gone()
        if not form:
            return HTMLResponse(pages.marking(self.book, self.setting, item))
        try:
            proposal = self._proposal(form, item)
        except UsageError as error:
            page = pages.marking(self.book, self.setting, item, problem=str(error))
            return HTMLResponse(page, 422)
        effect = saving.effect(self.book, proposal)
        agreed = forms.one(form, "agreed")
        if not effect.moved or agreed:
            if saving.carry_out(self.book, proposal, agreed) is not None:
                return RedirectResponse(self._url(f"criteria?item={quote(item, safe='')}"), 303)
            effect = saving.effect(self.book, proposal)  # others decided meanwhile: ask again
        return HTMLResponse(pages.marking(self.book, self.setting, item, proposal, effect))

    def _proposal(self, form: Form, item: str) -> Proposal:
        if full := forms.one(form, "from_full"):
            return Proposal(item, from_full=full == "1")
        scheme = self.book.scheme(self.book.by_item[item][0])
        known = scheme.criteria.get(forms.one(form, "criterion"))
        worth, text = forms.number(form, "points"), forms.one(form, "text").strip()
        if known is None or worth is None or not text:
            raise UsageError("criterion: it needs a text and points; write both")
        retired = bool(forms.one(form, "retired"))
        note = forms.one(form, "note")[:2000]
        return Proposal(item, Criterion(known.id, item, worth, text[:2000], note, retired))

    async def agreement(self, request: Request) -> Response:
        """Show how far people agree."""
        self.book.update()
        return HTMLResponse(pages.agreements(self.book, self.setting))

    async def log(self, request: Request) -> Response:
        """Give out all decisions, as CSV or JSON."""
        if request.path_params["form"] == "csv":
            return Response(log.as_csv(self.book.db), media_type="text/csv")
        return Response(log.as_json(self.book.db), media_type="application/json")

    async def picture(self, request: Request) -> Response:
        """Give out one plot above an answer."""
        entry = self._entry(request)
        if entry is not None:
            found = self.setting.shelf.beside(entry, self.book.text(entry)).pictures
            number = request.path_params["number"]
            if number < len(found):
                return Response(found[number], media_type="image/png")
        return Response(status_code=404)

    async def page(self, request: Request) -> Response:
        """Give out a page of the result that an answer is in: it has no name."""
        entry = self._entry(request)
        if entry is not None:
            beside = self.setting.shelf.beside(entry, self.book.text(entry))
            name = request.path_params["page"]
            text = self.setting.shelf.page(entry, name) if name in beside.pages else None
            if text is not None:
                return HTMLResponse(text, headers={"content-security-policy": RESULT_CSP})
        return self._gone()

    async def static(self, request: Request) -> Response:
        """Give out the style and the script."""
        name = request.url.path.rpartition("/")[2]
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        headers = {"cache-control": "private, max-age=600"}
        return Response(pages.render(name), media_type=kind, headers=headers)

    # ----------------------------------------------------------------------- helpers

    def _entry(self, request: Request) -> Entry | None:
        return self.book.entries.get(request.path_params["name"])

    def _url(self, rest: str) -> str:
        return f"{self.root}{rest}"

    def _to(self, entry: Entry | None) -> Response:
        if entry is None:
            return RedirectResponse(self._url(""), 303)
        return RedirectResponse(self._url(f"answer/{entry.name}"), 303)

    def _gone(self) -> Response:
        text = "There is no such answer in this class: go back to the desk."
        return HTMLResponse(pages.message("Not found", text, self.book.marker), 404)

    root = "/"

    def app(self, token: str, port: int) -> ASGIApp:
        """Return what answers requests."""
        self.root = f"/{token}/"
        get, post = ["GET"], ["POST"]
        routes = [
            Route(f"{self.root}{path}", answering(handler), methods=methods)
            for path, handler, methods in (
                ("", self.overview, get), ("next", self.next, get),
                ("answer/{name}", self.answer, get), ("answer/{name}", self.save, post),
                ("group", self.group, post), ("undo", self.undo, post),
                ("name/{name}", self.name, post), ("groups", self.groups, get),
                ("criteria", self.criteria, ["GET", "POST"]), ("agreement", self.agreement, get),
                ("decisions.{form}", self.log, get),
                ("picture/{name}/{number:int}", self.picture, get),
                ("page/{name}/{page}", self.page, get), ("desk.css", self.static, get),
                ("desk.js", self.static, get),
            )
        ]  # fmt: skip
        return Guard(Starlette(routes=routes), token, port)


class _Server(uvicorn.Server):
    """A server that ends by Ctrl-C or SIGTERM as by any other wish: with exit code 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let whoever started the server listen to signals."""
        yield


def serve(desk: Desk, port: int, told: Callable[[str], None]) -> None:
    """Answer until Ctrl-C; `told` gets the address. Raises UsageError if the port is taken."""
    # By its protocol asyncio knows that a page is to be sent at once, not 40 ms later (Nagle).
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise UsageError(f"--port {port}: cannot be used ({error}); choose another") from None
        port, token = listening.getsockname()[1], secrets.token_urlsafe(16)
        config = uvicorn.Config(
            desk.app(token, port), log_level="critical", access_log=False, lifespan="off",
            server_header=False, ws="none",
        )  # fmt: skip
        server = _Server(config)

        def end(number: int, frame: object) -> None:
            server.should_exit = True

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        listening.listen(128)
        told(f"http://{HOST}:{port}/{token}/")
        server.run(sockets=[listening])

"""Who may use the desk: whoever has its address, at this machine, in a page of ours.

The address holds a random token; whatever changes something also needs a cookie that other sites
cannot send (SameSite=Strict) and an Origin of our own. A page may load nothing from elsewhere and
run no script but ours.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grader.course.desk import pages
from grader.errors import UsageError, log_fault

Handler = Callable[[Request], Awaitable[Response]]
HOST = "127.0.0.1"
COOKIE = "desk"
OWN_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Pages of a result were made by us from what a student wrote: no script, and nothing from here.
RESULT_CSP = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "x-content-type-options": "nosniff", "referrer-policy": "same-origin",
    "cache-control": "no-store", "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}  # fmt: skip


class Guard:
    """Turns away whoever is not the person at this machine who has the address."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token = app, token
        self._hosts = {f"{HOST}:{port}", f"localhost:{port}"}
        self._secret = secrets.token_urlsafe(16)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope)
        why = self._refused(request)
        if why:
            await _said(403, "Not here", why)(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = dict(message["headers"])
                extra = {"content-security-policy": OWN_CSP, **HEADERS}
                if request.cookies.get(COOKIE) != self._secret:
                    extra["set-cookie"] = (
                        f"{COOKIE}={self._secret}; Path=/{self._token}/; HttpOnly; SameSite=Strict"
                    )
                known = {name.decode() for name in found}
                message["headers"] = [
                    *message["headers"],
                    *((k.encode(), v.encode()) for k, v in extra.items() if k not in known),
                ]
            await send(message)

        await self._app(scope, receive, with_headers)

    def _refused(self, request: Request) -> str:
        """Return why a request is not answered; "" if it is."""
        given = request.url.path.split("/")[1]
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            return "This is not the address that the desk printed: copy it from the terminal."
        host = request.headers.get("host", "")
        if host not in self._hosts:
            return "The desk answers at 127.0.0.1 only: copy its address from the terminal."
        if request.method not in ("GET", "HEAD"):
            if request.headers.get("origin") != f"http://{host}":
                return "This was sent by another site, and nothing was saved."
            if request.cookies.get(COOKIE) != self._secret:
                return "This browser has not opened the desk yet; nothing was saved: open it first."
        return ""


def answering(handler: Handler) -> Handler:
    """Return what answers as `handler` does, and says so if that cannot be done."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except UsageError as error:
            return _said(503, "Not done", str(error))
        except Exception:  # noqa: BLE001 - a fault of ours ends one page, not the desk
            where = log_fault("answering at the desk")
            text = f"The desk failed, by a fault of ours (see {where}). Nothing of this was saved."
            return _said(500, "Not done", text)

    return answered


def _said(status: int, title: str, text: str) -> HTMLResponse:
    return HTMLResponse(pages.message(title, text), status)

"""Serves the review page on 127.0.0.1: who may ask, for what, and what the browser may do with it.

Whoever asks must name the host that the program listens on, come from no other origin, and show the token, which is new
in every run and stands in the part of the address that browsers do not send. Only the files of the page are served.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from krisc import reviews
from krisc.actions import Action, RefusedError, State
from krisc.findings import Finding, KriscError, Place
from krisc.jsontext import JsonError, loads
from krisc.reviewing import Desk, words
from krisc.showing import annotations_shown, layers_shown, page_file

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

HOST = "127.0.0.1"
LARGEST = 1 << 20  # bytes of a request
FILES = {
    "/": ("review.html", "text/html; charset=utf-8"),
    "/review.js": ("review.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def listen(port: int) -> socket.socket:
    """A socket on the loopback address alone; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
    except OSError:
        made.close()
        raise
    return made


def serve(desk: Desk, listening: socket.socket, told: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        desk: what the person works at.
        listening: the socket, from ``listen``.
        told: is given the address with the token, once it can be opened.

    Raises:
        KriscError: ``extra-missing``, or ``page-missing``.
    """
    try:
        import uvicorn  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise KriscError([Finding("extra-missing", Place(""), {"library": "uvicorn", "extra": "review"})]) from None
    token = secrets.token_urlsafe(32)
    port = listening.getsockname()[1]
    for name, _ in FILES.values():
        page_file(name)
    config = uvicorn.Config(application(desk, port, token), log_level="warning", access_log=False, server_header=False)
    listening.listen()
    told(f"http://{HOST}:{port}/#token={token}")
    uvicorn.Server(config).run(sockets=[listening])


def application(desk: Desk, port: int, token: str) -> Starlette:
    """The application, for that port and token.

    Raises:
        KriscError: ``extra-missing``.
    """
    try:
        from starlette.applications import Starlette  # noqa: PLC0415 - an optional dependency
        from starlette.middleware import Middleware  # noqa: PLC0415
        from starlette.middleware.base import BaseHTTPMiddleware  # noqa: PLC0415
        from starlette.routing import Route  # noqa: PLC0415
    except ImportError:
        raise KriscError([Finding("extra-missing", Place(""), {"library": "starlette", "extra": "review"})]) from None
    api = _Api(desk)
    guard = _Guard(f"{HOST}:{port}", token)
    routes = [
        *(Route(path, _file, methods=["GET"]) for path in FILES),
        Route("/api/corpus", api.corpus, methods=["GET"]),
        Route("/api/documents/{name}", api.document, methods=["GET"]),
        Route("/api/documents/{name}", api.act, methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=guard)])


class _Guard:
    """Lets nobody in who is not the page itself."""

    def __init__(self, host: str, token: str) -> None:
        self.host, self.token = host, token

    async def __call__(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        """Answer, or refuse with 403; always with the headers that bind the browser."""
        refused = self._refused(request)
        response = _json({"message": refused}, 403) if refused else await call_next(request)
        response.headers.update(HEADERS)
        return response

    def _refused(self, request: Request) -> str:
        headers = request.headers
        if headers.getlist("host") != [self.host]:
            return "this is another host"
        if headers.get("origin", f"http://{self.host}") != f"http://{self.host}":
            return "this comes from another origin"
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "this comes from another site"
        if not request.url.path.startswith("/api/"):
            return ""
        if not secrets.compare_digest(headers.get("x-krisc-token", "").encode(), self.token.encode()):
            return "the token is not that of this run; open the address that krisc review printed"
        if request.method == "POST" and "origin" not in headers:
            return "this comes from no page"
        return ""


def _json(value: object, status: int = 200) -> Response:
    from starlette.responses import Response  # noqa: PLC0415 - an optional dependency

    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _file(request: Request) -> Response:
    from starlette.responses import Response  # noqa: PLC0415 - an optional dependency

    name, kind = FILES[request.url.path]
    return Response(page_file(name), media_type=kind)


class _Api:
    """What the page asks for, beside its own files."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def corpus(self, request: Request) -> Response:
        """The layers, the register, and every document with its progress."""
        corpus = self.desk.corpus
        entities = [{"id": e.id, "name": e.name, "type": e.type} for e in corpus.register.values()]
        value = {
            "title": corpus.config.title,
            "person": self.desk.person,
            "name": corpus.annotators[self.desk.person].name,
            "layers": layers_shown(corpus.layers),
            "entities": entities,
            "documents": self.desk.progress(),
        }
        return _json(value)

    def document(self, request: Request) -> Response:
        """One document."""
        try:
            return _json(self._shown(self.desk.read(request.path_params["name"])))
        except RefusedError as error:
            return _json({"message": str(error)}, error.status)
        except KriscError as error:
            return _json({"message": words(error.findings)}, 500)

    async def act(self, request: Request) -> Response:
        """One action on a document, whose tag stands in If-Match."""
        from starlette.concurrency import run_in_threadpool  # noqa: PLC0415 - an optional dependency

        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST:
                return _json({"message": "this is too much for one action"}, 413)
        return await run_in_threadpool(self._act, request, body)

    def _act(self, request: Request, body: bytes) -> Response:
        if request.headers.get("content-type") != "application/json":
            return _json({"message": "an action is JSON"}, 415)
        try:
            action = msgspec.convert(loads(body.decode()), Action)
            tag = request.headers.get("if-match", "")
            return _json(self._shown(self.desk.act(request.path_params["name"], tag, action)))
        except (UnicodeDecodeError, JsonError, msgspec.ValidationError) as error:
            return _json({"message": f"this is no action: {error}"}, 400)
        except RefusedError as error:
            return _json({"message": str(error)}, error.status)
        except KriscError as error:
            return _json({"message": words(error.findings)}, 500)

    def _shown(self, state: State) -> dict[str, Any]:
        starts, ends = state.document.tokens
        lines = {line for line, _ in reviews.standing(state.reviews)}
        history = [
            {
                **{"line": line, "at": one.at, "by": one.by, "action": one.action, "note": one.note},
                **{"ids": [c.id for c in one.changes], "stands": line in lines},
            }
            for line, one in enumerate(state.reviews, start=1)
        ]
        return {
            "id": state.document.record.id,
            "title": state.document.record.title,
            "text": state.document.text,
            "tag": state.tag,
            "problem": state.problem,
            "tokens": [starts, ends],
            "annotations": annotations_shown(state.gold, self.desk.corpus.layers),
            "history": history,
            "progress": self.desk.progress(),
        }

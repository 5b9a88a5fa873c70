"""The console: the page at `/`, and the files that it is made of below `/console/`."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tidings.gateway.http.accept import takes
from tidings.gateway.http.request import Headers, Request
from tidings.gateway.transcode.errors import NoSuchPath, WrongMethod
from tidings.gateway.transcode.render import Reply, render_error

PREFIX = b"/console/"
_PAGE = b"index.html"

# In the wheel, and in a checkout.
_PLACES = (Path(__file__).parent / "console", Path(__file__).parents[2] / "console")
_TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".txt": b"text/plain; charset=utf-8",
}
FILE_TYPES = tuple(kind.decode().partition(";")[0] for kind in _TYPES.values())

# Scripts and styles are files of ours, requests go nowhere else, and no text becomes markup.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    b" base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    b" require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS: Headers = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-cache"),  # revalidated each time, and answered with 304
)


@dataclass(frozen=True, slots=True)
class _File:
    kind: bytes
    body: bytes
    packed: bytes
    tag: bytes

    @classmethod
    def read(cls, path: Path) -> _File:
        body = path.read_bytes()
        tag = b'"%s"' % sha256(body).hexdigest()[:32].encode()
        return cls(_TYPES[path.suffix], body, gzip.compress(body, mtime=0), tag)


def is_asked_for(request: Request) -> bool:
    """Return whether a request is for a file of the console, or by a browser for the page at `/`.

    Other clients get at `/` the answer to an unknown path.
    """
    if request.path.startswith(PREFIX):
        return True
    return request.path == b"/" and takes(request.list_header(b"accept"), "text/html")


class Console:
    """The files of the console, which are read once, at the first request."""

    def __init__(self) -> None:
        self._files: dict[bytes, _File] = {}

    async def answer(self, request: Request) -> None:
        """Answer a request that is for the console."""
        if request.method not in ("GET", "HEAD"):
            await request.reply(render_error(WrongMethod(request.method, ("GET", "HEAD"))))
            return
        if not self._files:
            self._files = await asyncio.to_thread(read_files)
        name = _PAGE if request.path == b"/" else request.path.removeprefix(PREFIX)
        file = self._files.get(name)
        await request.reply(render_error(NoSuchPath()) if file is None else _reply(request, file))


def read_files() -> dict[bytes, _File]:
    """Return the files by their paths below the console's folder."""
    folder = next(place for place in _PLACES if (place / _PAGE.decode()).is_file())
    return {
        path.relative_to(folder).as_posix().encode(): _File.read(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix in _TYPES
    }


def _reply(request: Request, file: _File) -> Reply:
    headers = (*_HEADERS, (b"etag", file.tag), (b"vary", b"Accept, Accept-Encoding"))
    if request.header(b"if-none-match") == file.tag.decode():
        return Reply(304, headers, b"")
    headers += ((b"content-type", file.kind),)
    if takes(request.list_header(b"accept-encoding"), "gzip"):
        return Reply(200, (*headers, (b"content-encoding", b"gzip")), file.packed)
    return Reply(200, headers, file.body)

"""A TCP link that is cut once so many bytes have passed, and what is done then."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.patience import PATIENCE_S

_CHUNK_BYTES = 16 * 1024


@dataclass
class CutLink:
    """Passes bytes on to an address of this machine; `cuts` say after how many each one comes.

    A cut ends the connection that the last byte came by, after calling what is to be done.
    """

    upstream: str
    cuts: list[tuple[int, Callable[[], object]]]
    passed_bytes: int = 0
    _listener: socket.socket = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def address(self) -> str:
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def run(self) -> None:
        """Take connections until closed."""
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    host, _, port = self.upstream.rpartition(":")
                    far = socket.create_connection((host, int(port)))
                except OSError:
                    near.close()
                    continue
                for source, sink, counts in ((near, far, False), (far, near, True)):
                    pump = threading.Thread(
                        target=self._pump, args=(source, sink, counts), daemon=True
                    )
                    pump.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _pump(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:  # noqa: FBT001 - a thread's argument
        try:
            with contextlib.suppress(OSError):
                while data := source.recv(_CHUNK_BYTES):
                    if counts and self._is_over(len(data)):
                        break
                    sink.sendall(data)
        finally:  # also when what was to be done has failed, or both sides would wait for ever
            for each in (source, sink):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def _is_over(self, size_bytes: int) -> bool:
        with self._lock:
            self.passed_bytes += size_bytes
            if not self.cuts or self.passed_bytes < self.cuts[0][0]:
                return False
            _, act = self.cuts.pop(0)
            self.passed_bytes = 0
        act()
        return True


@contextlib.contextmanager
def cut_link(upstream: str, cuts: list[tuple[int, Callable[[], object]]]) -> Iterator[CutLink]:
    """Lend a link to an address."""
    link = CutLink(upstream, cuts)
    running = threading.Thread(target=link.run)
    running.start()
    try:
        yield link
    finally:
        link.close()
        running.join(PATIENCE_S)

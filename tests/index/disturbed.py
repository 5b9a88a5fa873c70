"""A log whose index is built in part, killed and deleted, for tests that compare with a model."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from tests.index.entries import entries_of
from tests.rpc.serving import Served
from tidings.index.file import IndexFile


@dataclass
class BesideIndex:
    """A service, and the index of its log in a directory."""

    served: Served
    directory: Path
    rng: random.Random
    index: IndexFile | None = field(default=None, init=False)

    def build(self) -> None:
        """Let the index come further, perhaps to the end."""
        if self.index is None:
            self.index = IndexFile(self.directory)
        extent = self.index.open()
        if extent is None:
            self.index.start_anew(self.served.deployment.log.log_id)
        after_seq = extent.through_seq if extent else 0
        limit = self.rng.choice((1, 7, 1000))
        entries = self.served.run(entries_of(self.served.store.inner, after_seq, limit))
        if entries:
            self.index.add(entries, entries[-1].seq)

    def kill(self) -> None:
        """Leave the file as a process that is killed does."""
        if self.index is not None:
            self.index.close()
            self.index = None

    def delete(self) -> None:
        """Delete the file, open or not."""
        (self.index or IndexFile(self.directory)).delete()

    def drop_before(self, seq: int) -> None:
        """Delete segments before a position, as after a trim."""
        if self.index is not None and self.index.open() is not None:
            self.index.drop_before(seq)

"""What the rules of a policy give of one system. Which rules there are is said by its dialect."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

from google.protobuf.message import Message

from tidings.core.tables import only, word_of

ANY = "*"


class Refused(NamedTuple):
    """What a caller may not do, and with what."""

    action: str
    target: str


class SystemRights(ABC):
    """What one policy, or one caller, may do with one system's events, beside publishing them.

    A value: hashable, and equal ones decide equally. Made without arguments it gives nothing.
    """

    __slots__ = ()
    system: ClassVar[str]
    depend_on_event: ClassVar[bool] = True
    """Whether `may_see` must be asked of each event; else `may_read` says all."""

    @classmethod
    @abstractmethod
    def parse(cls, table: Mapping[str, Any], path: str) -> Self:
        """Return what the rules of a policy's table give; `path` leads to it in errors.

        Raises:
            BadRequest: a rule does not exist, or has a value that it cannot have.
        """

    @classmethod
    @abstractmethod
    def united(cls, parts: Sequence[Self]) -> Self:
        """Return what several policies give together."""

    def of_owner(self, name: str) -> Self:
        """Return these rights of the token with this name; "" = it has none."""
        return self

    @abstractmethod
    def may_read(self) -> bool:
        """Say whether anything of the system may be read at all."""

    def may_see(self, facts: Any) -> bool:  # noqa: ANN401 - the facts' type is the dialect's own
        """Say whether one event may be read, by the facts of its envelope."""
        return self.may_read()

    def refusal(self, selector: Message) -> Refused | None:
        """Return what of a selector asks for more than may be read; None = nothing."""
        return None if self.may_read() else Refused("read", self.system)


@dataclass(frozen=True, slots=True)
class WholeRights(SystemRights):
    """Rights to read everything or nothing: one rule, `rule = "read"`."""

    depend_on_event = False
    rule: ClassVar[str] = "events"

    reads: bool = False

    @classmethod
    def parse(cls, table: Mapping[str, Any], path: str) -> Self:
        """Return what the one rule gives."""
        only(table, {cls.rule}, path, "rule")
        return cls(word_of(table, cls.rule, path, ("read",)) is not None)

    @classmethod
    def united(cls, parts: Sequence[Self]) -> Self:
        """Return the right to read if any part has it."""
        return cls(any(part.reads for part in parts))

    def may_read(self) -> bool:
        """Say whether the rule is there."""
        return self.reads

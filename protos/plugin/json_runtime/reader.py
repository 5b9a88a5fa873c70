"""From JSON text to a message: fast for what fits its types, slowly for everything else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Annotated, Generic, TypeVar, cast

import msgspec
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from tidings.v1.json_runtime.canonical import has_minus_zero, loads_exactly
from tidings.v1.json_runtime.fields import Fields
from tidings.v1.json_runtime.fit import Lost, fit
from tidings.v1.json_runtime.prune import prune
from tidings.v1.json_runtime.text import Json, dumps

_NOT_SO = (msgspec.DecodeError, ValueError, RecursionError)


class Shape(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The members of one JSON object, named like the fields that hold them."""


ShapeT = TypeVar("ShapeT", bound=Shape)
MessageT = TypeVar("MessageT", bound=Message)

Text = str | None
Flag = bool | None
Signed = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Unsigned = Annotated[int, msgspec.Meta(ge=0)]  # the upper end is checked by the message
Int64 = Signed | None
Uint64 = Unsigned | None
Number = int | float | None


class Reader(Generic[ShapeT, MessageT]):
    """Reads one kind of object.

    Its shape decodes the text; `fields` makes of the shape what the message's constructor takes.
    """

    def __init__(
        self,
        shape: type[ShapeT],
        fields: Callable[[ShapeT], Fields],
        message: type[MessageT],
    ) -> None:
        self._shape = shape
        self._fields = fields
        self._message = message
        self._decoder: msgspec.json.Decoder[ShapeT] | None = None

    def text(self, text: bytes, lost: Lost) -> MessageT:
        """Return the message of a JSON object; absent and null members leave their fields unset.

        The paths of what the types cannot hold are written to `lost`.

        Raises:
            JsonError: it is not JSON, no object, or a member has the wrong type.
        """
        try:
            return self._read(text)
        except _NOT_SO:
            value = loads_exactly(text)  # or it says why it is not JSON
        descriptor = cast("Descriptor", self._message.DESCRIPTOR)
        if not has_minus_zero(text):
            unknown: list[str] = []
            prune(value, descriptor, unknown)
            with contextlib.suppress(*_NOT_SO):
                message = self._read(dumps(value))
                for path in unknown:
                    lost.append(path)
                return message
        return self._read(dumps(fit(text, descriptor, lost)))

    def value(self, value: Json, lost: Lost) -> MessageT:
        """Return the message of a parsed JSON object, as `text` does.

        Raises:
            JsonError: it is no object, or a member has the wrong type.
        """
        return self.text(dumps(value), lost)

    def _read(self, text: bytes) -> MessageT:
        if self._decoder is None:  # at the first use: most objects are never read alone
            self._decoder = msgspec.json.Decoder(self._shape)
        if not text.isascii():
            text.decode()  # the decoder does not look into what it keeps as text
        return self._message(**self._fields(self._decoder.decode(text)))

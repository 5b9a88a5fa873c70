"""Looking at descriptors: names that callers use for fields, maps, wrappers."""

from functools import lru_cache
from typing import cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

# Messages around one scalar, whose JSON is the bare scalar. Source: google/protobuf/wrappers.proto.
WRAPPERS = frozenset(
    f"google.protobuf.{kind}Value"
    for kind in (
        "Double",
        "Float",
        "Int64",
        "UInt64",
        "Int32",
        "UInt32",
        "Bool",
        "String",
        "Bytes",
    )
)


def descriptor_of(message: Message) -> Descriptor:
    """Return the message's type."""
    return cast("Descriptor", message.DESCRIPTOR)  # two classes to the stubs, one in fact


def field_named(holder: Descriptor, name: str) -> FieldDescriptor | None:
    """Return the field with this proto or JSON name, letter case included, or None."""
    return _names_of(holder).get(name)


def wrapped_scalar(field: FieldDescriptor) -> FieldDescriptor | None:
    """Return the one field of a google.protobuf.…Value that `field` holds, None for all else."""
    inner = field.message_type
    return inner.fields_by_name["value"] if inner and inner.full_name in WRAPPERS else None


def map_value(field: FieldDescriptor) -> FieldDescriptor | None:
    """Return the field that stands for the values of a map, None when `field` is no map."""
    inner = field.message_type
    return inner.fields_by_name["value"] if inner and inner.GetOptions().map_entry else None


@lru_cache(maxsize=1024)  # more message types than any contract of ours has
def _names_of(holder: Descriptor) -> dict[str, FieldDescriptor]:
    # A proto name wins over an equal JSON name of another field, which only json_name can make.
    return {field.json_name: field for field in holder.fields} | dict(holder.fields_by_name)

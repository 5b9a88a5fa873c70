"""Whether a JSON value is one of a scalar field, by the letter of proto3 JSON.

`json_format` turns texts into numbers with Python's own `int` and `float`, which take "1_0" and the
digits of any script; and what it says of a bad value repeats it.
"""

import math
from collections.abc import Callable

from google.protobuf.descriptor import FieldDescriptor

from tidings.gateway.transcode.errors import BadText
from tidings.gateway.transcode.text import parse_base64, parse_enum, parse_scalar


def check_value(field: FieldDescriptor, value: object) -> None:
    """Refuse what is not a value of a scalar or enum field. None is not asked about.

    Raises:
        BadText: it is none, or out of range; the value is not repeated.
    """
    if field.enum_type:
        _check_enum(field, value)
    else:
        _CHECKS[field.cpp_type](field, value)


def _check_enum(field: FieldDescriptor, value: object) -> None:
    assert field.enum_type is not None
    if type(value) not in (str, int):
        raise BadText(f"not a value of {field.enum_type.full_name}")
    parse_enum(field.enum_type, str(value))


def _check_integer(field: FieldDescriptor, value: object) -> None:
    if type(value) is float:
        if not value.is_integer():
            raise BadText("not an integer")
        value = int(value)
    if type(value) not in (str, int):
        raise BadText("must be an integer")
    if type(value) is int and abs(value) >= 2**64:
        raise BadText("out of range")
    parse_scalar(field, str(value))


def _check_float(field: FieldDescriptor, value: object) -> None:
    if type(value) is int and abs(value) >= 2**1023:
        raise BadText("number out of range")
    if type(value) is float and math.isfinite(value):
        value = repr(value)
    if type(value) not in (str, int):
        raise BadText("must be a number")
    parse_scalar(field, str(value))


def _check_bool(_: FieldDescriptor, value: object) -> None:
    if type(value) is not bool:
        raise BadText("must be true or false")


def _check_string(field: FieldDescriptor, value: object) -> None:
    if type(value) is not str:
        raise BadText("must be a text")
    if field.type == FieldDescriptor.TYPE_BYTES:
        parse_base64(value)


_CHECKS: dict[int, Callable[[FieldDescriptor, object], None]] = {
    FieldDescriptor.CPPTYPE_INT32: _check_integer,
    FieldDescriptor.CPPTYPE_INT64: _check_integer,
    FieldDescriptor.CPPTYPE_UINT32: _check_integer,
    FieldDescriptor.CPPTYPE_UINT64: _check_integer,
    FieldDescriptor.CPPTYPE_BOOL: _check_bool,
    FieldDescriptor.CPPTYPE_DOUBLE: _check_float,
    FieldDescriptor.CPPTYPE_FLOAT: _check_float,
    FieldDescriptor.CPPTYPE_STRING: _check_string,
}

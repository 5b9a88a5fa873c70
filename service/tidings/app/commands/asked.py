"""Turns the options of a command into a request."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from tidings.app.settings import BadSetting

T = TypeVar("T")


def asked(
    build: Callable[[argparse.Namespace, dt.datetime], T], arguments: argparse.Namespace
) -> T:
    """Return the request that `build` makes from the options, at this time.

    Raises:
        BadSetting: it raised ValueError: an option is not valid.
    """
    try:
        return build(arguments, dt.datetime.now(dt.UTC))  # noqa: TID251
    except ValueError as error:
        raise BadSetting(str(error)) from None

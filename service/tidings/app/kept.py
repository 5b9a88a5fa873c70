"""Which log the settings name, for commands that look at it whole and change nothing."""

from __future__ import annotations

import logging
from functools import partial

from tidings.app.settings import Settings
from tidings.app.store_place import EMBEDDED, check_store, cluster_of
from tidings.store.kept import KeptLog


def kept_log(settings: Settings) -> KeptLog:
    """Return the log that the settings name.

    Raises:
        BadSetting: no log can be where they say.
        UnfitLibrary: it is on NATS, for which a library is missing or does not fit.
    """
    if settings.store == EMBEDDED:
        from tidings.store.sqlite.check import check_sqlite  # noqa: PLC0415 - of this store alone
        from tidings.store.sqlite.copy import export_log  # noqa: PLC0415 - as above

        return KeptLog(partial(check_sqlite, settings.data), partial(export_log, settings.data))
    check_store(settings)
    from tidings.store.jetstream.check import check_jetstream  # noqa: PLC0415 - an extra
    from tidings.store.jetstream.export import export_jetstream  # noqa: PLC0415 - an extra

    keep_to_one_line()
    cluster = cluster_of(settings)
    return KeptLog(partial(check_jetstream, cluster), partial(export_jetstream, cluster))


def keep_to_one_line() -> None:
    """Have nothing on stderr but what a command says: asyncio warns of every server that hangs up.

    For commands, whose stderr is for people; a service has it among its log lines.
    """
    logging.getLogger("asyncio").setLevel(logging.ERROR)

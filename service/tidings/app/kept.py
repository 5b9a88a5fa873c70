"""Which log the settings name, for commands that look at it whole and change nothing."""

from __future__ import annotations

from functools import partial

from tidings.app.settings import Settings
from tidings.store.kept import KeptLog
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.export import export_log

_EMBEDDED = "sqlite"


def refuse_kept(settings: Settings) -> str | None:
    """Return why no log can be where the settings say, or None.

    Raises:
        UnfitLibrary: it is on NATS, for which a library is missing or does not fit.
    """
    if settings.store == _EMBEDDED:
        return None
    from tidings.app.open_store import refuse_store  # noqa: PLC0415 - no file needs what it loads

    return refuse_store(settings)


def kept_log(settings: Settings) -> KeptLog:
    """Return the log that the settings name; they were accepted by `refuse_kept`."""
    if settings.store == _EMBEDDED:
        return KeptLog(partial(check_sqlite, settings.data), partial(export_log, settings.data))
    from tidings.app.open_store import cluster_of, keep_to_one_line  # noqa: PLC0415 - as above
    from tidings.store.jetstream.check import check_jetstream  # noqa: PLC0415 - an extra
    from tidings.store.jetstream.export import export_jetstream  # noqa: PLC0415 - an extra

    keep_to_one_line()
    cluster = cluster_of(settings)
    return KeptLog(partial(check_jetstream, cluster), partial(export_jetstream, cluster))

"""The real Feldera client: reads cluster events in every way it has; prints what it saw as JSON.

Run as `feldera_events.py URL`.
"""

import json
import sys

from feldera.rest.errors import FelderaAPIError
from feldera.rest.feldera_client import FelderaClient

client = FelderaClient(sys.argv[1])


def refused(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except FelderaAPIError as error:
        return [error.status_code, error.error_code, error.details]
    except ValueError as error:
        return ["ValueError", str(error)]
    return None


listed = client.get_cluster_events()
newest = listed[0]["id"]
unknown = "00000000-0000-0000-0000-000000000000"
print(
    json.dumps(
        {
            "listed": listed,
            "latest": client.get_cluster_event("latest"),
            "latest_all": client.get_cluster_event("latest", selector="all"),
            "by_id": client.get_cluster_event(newest, selector="status"),
            "unknown": refused(client.get_cluster_event, unknown),
            "no_uuid": refused(client.get_cluster_event, "nope"),
            "selector": refused(client.get_cluster_event, "latest", selector="some"),
        }
    )
)

"""The real py-consul or python-consul under access control: prints as JSON what fire and list give.

Run as `consul_access.py HOST PORT`, with the token in CONSUL_HTTP_TOKEN.
"""

import json
import sys

import consul

host, port = sys.argv[1:]
client = consul.Consul(host=host, port=int(port))


def outcome(call, show):
    try:
        return show(call())
    except consul.ConsulException as error:
        return f"{type(error).__name__}: {error}"


def names(found):
    return [str(found[0]), [event["Name"] for event in found[1]]]


print(
    json.dumps(
        {
            "fire": outcome(lambda: client.event.fire("web-1", "x"), lambda event: event["Name"]),
            "fire another": outcome(
                lambda: client.event.fire("db", "x"), lambda event: event["Name"]
            ),
            "list": outcome(lambda: client.event.list(name="web-0"), names),
        }
    )
)

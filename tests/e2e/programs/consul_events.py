"""The real py-consul or python-consul: fires, lists, blocks and wakes; prints what it saw as JSON.

Run as `consul_events.py HOST PORT`.
"""

import json
import sys
import threading

import consul

host, port = sys.argv[1:]
client = consul.Consul(host=host, port=int(port))


def text(event):
    payload = event["Payload"]
    return [event["Name"], payload.decode() if isinstance(payload, bytes) else payload]


empty_index, empty = client.event.list(name="deploy")
fired = client.event.fire("deploy", "one")
index, events = client.event.list(name="deploy")
seen = {
    "empty": [str(empty_index), empty],
    "fired": fired["ID"],
    "first": [text(e) for e in events],
}
seen["listed_id"] = events[-1]["ID"]

woken = []
waiter = threading.Thread(
    target=lambda: woken.append(client.event.list(name="deploy", index=index))
)
waiter.start()
second = consul.Consul(host=host, port=int(port))
second.event.fire("other", "not for us")
second.event.fire("deploy", "two")
waiter.join(20)
((new_index, new_events),) = woken
seen["woken"] = [text(e) for e in new_events]
seen["rises"] = int(new_index) > int(index)
try:
    client.event.fire("deploy", "x", tag="t")
except consul.ConsulException as error:
    seen["error"] = str(error)
print(json.dumps(seen))

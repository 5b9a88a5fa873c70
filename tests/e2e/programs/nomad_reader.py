"""The real python-nomad, reading a stream: prints each line that its thread hands over.

Run as `nomad_reader.py HOST PORT INDEX NAMESPACE TOPIC...`; prints "started" first, then a line of
JSON each, and "ended" when its thread is dead.
"""

import json
import queue
import sys

import nomad

host, port, index, namespace, *topics = sys.argv[1:]
client = nomad.Nomad(host=host, port=int(port))
thread, _, events = client.event.stream.get_stream(
    index=int(index), namespace=namespace or None, topic=topics or None
)
thread.daemon = True
thread.start()
print("started", flush=True)
while True:
    try:
        print(json.dumps(events.get(timeout=0.2)), flush=True)
    except queue.Empty:
        if not thread.is_alive():
            print("ended", flush=True)
            break

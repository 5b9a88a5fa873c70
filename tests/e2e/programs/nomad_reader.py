"""The real python-nomad, reading a stream: prints each line that its thread hands over.

Run as `nomad_reader.py HOST PORT INDEX NAMESPACE TOPIC...`, with a token in NOMAD_TOKEN; prints
"started" first, then a line of JSON each, what its thread raises, and "ended" when that is dead.
"""

import json
import queue
import sys
import threading

import nomad

host, port, index, namespace, *topics = sys.argv[1:]
threading.excepthook = lambda raised: print(
    f"{raised.exc_type.__name__}: {raised.exc_value}", flush=True
)
client = nomad.Nomad(host=host, port=int(port))
thread, _, events = client.event.stream.get_stream(
    index=int(index), namespace=namespace or None, topic=topics or None
)
thread.daemon = True
print("started", flush=True)
thread.start()
while True:
    try:
        print(json.dumps(events.get(timeout=0.2)), flush=True)
    except queue.Empty:
        if not thread.is_alive():
            print("ended", flush=True)
            break

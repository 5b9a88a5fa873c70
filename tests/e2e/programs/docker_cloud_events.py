"""Prints what the real python-dockercloud gets: arguments namespace, origin ("" = its own)."""

import sys

import dockercloud
from dockercloud.api.exceptions import AuthError

namespace, origin = sys.argv[1:]
events = dockercloud.Events(namespace=namespace)
events.on_open(lambda: print("open", flush=True))
events.on_message(lambda message: print(message, flush=True))
events.on_error(lambda error: print(f"error {error}", file=sys.stderr, flush=True))
try:
    events.run_forever(**({"origin": origin} if origin else {}))
except AuthError as error:
    print(f"AuthError {error}", flush=True)

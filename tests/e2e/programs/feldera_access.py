"""The real Feldera client under access control: prints as JSON what it raises, or lists.

Run as `feldera_access.py URL`, with the API key in FELDERA_API_KEY.
"""

import json
import sys

from feldera.rest.errors import FelderaAPIError
from feldera.rest.feldera_client import FelderaClient

try:
    found = len(FelderaClient(sys.argv[1]).get_cluster_events())
except FelderaAPIError as error:
    found = [error.status_code, error.error_code, error.details, str(error).splitlines()[-1]]
print(json.dumps(found))

"""HTTP as this context sees it: listeners, requests, websockets."""

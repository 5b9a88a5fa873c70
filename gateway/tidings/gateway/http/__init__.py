"""HTTP as this house sees it: listeners, requests, websockets."""

"""The objects that events are about: which existed at a time, and how one of them changed."""

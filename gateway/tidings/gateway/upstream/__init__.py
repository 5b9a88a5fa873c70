"""The service, as the gateway reaches it: the only room with a channel."""

"""The HTTP edge: a gRPC client that speaks each system's own spelling."""

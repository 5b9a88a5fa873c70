"""The gRPC edge: servicers, status table, interceptors."""

"""What each system means: its checks, selectors, projections and windows."""

"""Parts of the speed benchmark: a light reader, servers to compare, and their costs."""

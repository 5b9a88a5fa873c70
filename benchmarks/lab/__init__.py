"""What the speed benchmark is made of: a light reader, servers to compare, and their costs."""

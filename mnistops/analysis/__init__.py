"""Analysis: a network's layer graph (`graph`), made by `lower` or `capture`, and passes over it."""

"""A forward pass of torch's as a layer graph, operation by operation."""

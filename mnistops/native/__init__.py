"""Kernels of our own for training on a CPU: built on first use, for the blocks of NetworkSpec."""

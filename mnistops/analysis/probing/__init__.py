"""Probing: receptive fields held against the gradients of the module itself (`probe`)."""

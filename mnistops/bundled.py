"""Bundled: the trained weights that come with mnistops, a checkpoint for each of the zoo."""

from pathlib import Path


def bundled_checkpoint(name: str) -> Path:
    """The checkpoint of a built-in network: of seed 0 of its study, never the best on test."""
    return Path(__file__).parent / "weights" / f"{name}.pt"

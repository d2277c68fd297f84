"""Garbage: when Python looks for objects that hold each other and nothing else holds."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def none_collected() -> Iterator[None]:
    """Do not look for garbage while the context lasts.

    Importing torch and torchvision makes so many objects, nearly all of them to stay, that looking
    through them again and again takes a fifth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

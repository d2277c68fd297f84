"""Resources: memory that runs out and devices that go away, told from what else can fail."""

from collections.abc import Iterator
from contextlib import contextmanager

from mnistops.errors import OutOfResources

# torch has types for some of these, on some devices; their words are the same on all.
_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")
_DEVICE = (
    "no CUDA-capable device",
    "busy or unavailable",
    "unspecified launch failure",
    "ECC error",
    "CUDA error: unknown error",
    "driver shutting down",
)

SMALLER_BATCH = "a smaller --batch-size needs less"
OTHER_DEVICE = "close what else uses it, or name another --device"


@contextmanager
def resources_for_batch(num_images: int, hint: str = SMALLER_BATCH) -> Iterator[None]:
    """Name the size of the batch where memory or device do not suffice for it.

    Raises:
        OutOfResources: memory ran out inside, or the device went away.
    """
    try:
        yield
    except (RuntimeError, MemoryError, OutOfResources) as error:
        # What runs inside may have said so already, but does not know the batch.
        cause = error.__cause__ if isinstance(error, OutOfResources) else error
        if found := out_of_resources(cause or error, f"a batch of {num_images:,} images", hint):
            raise found from cause
        raise


def out_of_resources(
    error: BaseException, what: str = "mnistops", hint: str = OTHER_DEVICE
) -> OutOfResources | None:
    """The error in our words, if it is of memory or of a device.

    Args:
        what: needed them.
    """
    text = str(error).strip()

    def says(phrases: tuple[str, ...]) -> bool:
        return isinstance(error, RuntimeError) and any(phrase in text for phrase in phrases)

    if isinstance(error, MemoryError) or says(_MEMORY):
        needed = "enough memory"
    elif says(_DEVICE):
        needed = "a device that stays"
    else:
        return None
    # Without the place in torch's own source.
    got = text.partition("\n")[0].rpartition("err == 0. ")[2] or type(error).__name__
    return OutOfResources(f"{what}: expected {needed}, got: {got:.200}", hint)

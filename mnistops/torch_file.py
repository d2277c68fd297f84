"""torch.save files from anywhere: read as plain values with ``weights_only=True``, or refused."""

import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mnistops.errors import BadInput, MissingInput

if TYPE_CHECKING:
    from torch import Tensor


class _NumpyNumber:
    """Takes the place of NumPy's numbers and their types, whose values nothing here needs."""

    def __init__(self, *arguments: object) -> None:
        del arguments

    def __setstate__(self, state: object) -> None:
        del state


# The original code's loop writes its least loss as NumPy has it.
_NUMPY_NAMES = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype")


def read_torch_file(path: Path) -> dict[Any, Any]:
    """The file's dictionary, by torch's restricted reader alone.

    Raises:
        MissingInput: it cannot be read.
        BadInput: it is something else.
    """
    try:
        # Opened once: a run may be putting a newer file in its place.
        with path.open("rb") as file:
            return _read(path, file)
    except OSError as error:
        raise MissingInput(f"{path}: expected a readable file, got: {error.strerror}") from None
    except BadInput:
        raise
    except Exception as error:  # a hostile file may fail in any way, and each means the same
        raise BadInput(
            f"{path}: expected a checkpoint of plain tensors, got {type(error).__name__}",
            "save model.state_dict(), not the model",
        ) from error


def _read(path: Path, file: BinaryIO) -> dict[Any, Any]:
    import torch

    # torch's older formats, and TorchScript's, are not plain zip files of tensors.
    if not zipfile.is_zipfile(file):
        raise BadInput(f"{path}: expected a checkpoint as torch.save writes it, got another file")
    with zipfile.ZipFile(file) as archive:
        if any(record.compress_type != zipfile.ZIP_STORED for record in archive.infolist()):
            raise BadInput(f"{path}: expected records as torch.save stores them, got packed")
        if broken := archive.testzip():
            raise BadInput(f"{path}: expected sound data, got a wrong checksum in {broken}")
    file.seek(0)
    stand_ins: list[Any] = [(_NumpyNumber, name) for name in _NUMPY_NAMES]
    with warnings.catch_warnings(action="ignore"), torch.serialization.safe_globals(stand_ins):
        values = torch.load(file, map_location="cpu", weights_only=True)
    if not isinstance(values, dict):
        raise BadInput(f"{path}: expected a checkpoint, got {type(values).__name__}")
    return values


def are_tensors(values: dict[Any, Any]) -> bool:
    """Whether these are tensors by name, as a state_dict has them."""
    from torch import Tensor

    return all(isinstance(k, str) and isinstance(v, Tensor) for k, v in values.items())


def expect_whole(path: Path, state_dict: Mapping[str, "Tensor"]) -> None:
    """Raises BadInput unless each tensor is real numbers that the file holds, all of them.

    A few bytes could otherwise pass for a tensor of any size, by strides of 0.
    """
    import torch

    for key, value in state_dict.items():
        is_plain = value.layout == torch.strided and value.device.type == "cpu"
        if not is_plain or value.is_complex() or value.is_quantized:
            raise BadInput(f"{path}: {key:.80}: expected plain real numbers, got {value.type()}")
        held = value.untyped_storage().nbytes()
        if value.numel() * value.element_size() > held:
            raise BadInput(
                f"{path}: {key:.80}: expected what its shape {tuple(value.shape)} needs, "
                f"got {held:,} bytes"
            )

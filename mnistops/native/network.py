"""NativeNetwork: gradients and outputs of a module, computed by the kernels."""

import ctypes
import weakref
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor, nn

from mnistops.errors import MnistopsError, OutOfResources
from mnistops.native.compiler import CannotBuild, build_kernels
from mnistops.native.plan import obstacle, plan_of
from mnistops.networks.build import SpecNetwork
from mnistops.networks.spec import NetworkSpec
from mnistops.resources import SMALLER_BATCH

_POINTERS = ("images", "indices", "transforms", "pixels", "targets", "seeds")


class _Batch(ctypes.Structure):
    """Batch of ``kernels/images.h``."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in _POINTERS),
        ("mean", ctypes.c_float),
        ("deviation", ctypes.c_float),
        ("is_bilinear", ctypes.c_int32),
    )


@cache
def kernels() -> ctypes.CDLL:
    """The library, built if need be.

    Raises:
        CannotBuild: this machine cannot.
    """
    path = build_kernels()
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:  # nothing may be run from that folder, say
        raise CannotBuild(
            f"--engine native: expected to load {path}, got: {error}", f"remove {path}"
        ) from None
    pointer, number = ctypes.c_void_p, ctypes.c_int
    library.mnistops_open.restype = pointer
    library.mnistops_open.argtypes = [pointer, number, pointer, number, number]
    library.mnistops_close.argtypes = [pointer]
    library.mnistops_step.argtypes = [pointer] * 7
    library.mnistops_infer.argtypes = [pointer] * 5
    real = ctypes.c_float
    library.mnistops_descend.argtypes = [number, *[pointer] * 4, real, real, number]
    return library


def lanes() -> int:
    """Images that the kernels compute at once: a batch is a multiple of them."""
    number: int = kernels().mnistops_lanes()
    return number


class NativeNetwork:
    """A network's module, on the CPU and in float32, with kernels that compute in its place.

    The module's parameters, their gradients and its running statistics are read and written where
    they are when this is made.

    Args:
        module: what `mnistops.networks.build.build` makes of the spec.
        spec: without an `mnistops.native.plan.obstacle`.
        batch_size: images in a step, a multiple of `lanes`.
        num_threads: the results do not depend on it.
    """

    def __init__(
        self, module: SpecNetwork, spec: NetworkSpec, batch_size: int, num_threads: int
    ) -> None:
        plan = plan_of(spec)
        parameters, buffers = dict(module.named_parameters()), dict(module.named_buffers())
        self._parameters = [parameters[key] for key in plan.parameters]
        self._buffers = [buffers[key] for key in plan.buffers]
        self._counters = [buffers[key] for key in plan.counters]
        self._gradients = [torch.zeros_like(parameter) for parameter in self._parameters]
        # Made once: a step would feel it.
        self._tables = [table(of) for of in (self._parameters, self._buffers, self._gradients)]
        self._image_size, self.num_classes = spec.input_size, plan.num_classes
        self._batch_size, self.num_stages = batch_size, len(plan.stages)
        stages = torch.tensor(plan.stages, dtype=torch.int32)
        pools = torch.tensor(plan.pools, dtype=torch.int32)
        self._handle = kernels().mnistops_open(
            stages.data_ptr(), len(stages), pools.data_ptr(), batch_size, num_threads
        )
        if not self._handle:
            raise OutOfResources(
                f"--engine native: expected memory for {batch_size:,} images, got none",
                SMALLER_BATCH,
            )
        weakref.finalize(self, kernels().mnistops_close, self._handle)

    def step(
        self,
        images: Tensor,
        indices: Tensor,
        transforms: Tensor,
        targets: Tensor,
        normalization: tuple[float, float],
        bilinear: bool,
        seeds: Tensor,
    ) -> tuple[float, int]:
        """The gradients of a batch's mean cross-entropy, into the parameters' ``grad``.

        Args:
            images: the whole set (N, C, H, W), unsigned bytes.
            indices: of the batch's images (n,).
            transforms: (n, 3, 3), from a point of the warped image to the original's.
            targets: probabilities (n, classes).
            normalization: mean and deviation of pixels in 0..1.
            bilinear: whether to mix the four nearest pixels; else the nearest one is taken.
            seeds: of the dropout in each of `num_stages` (num_stages,), int32.

        Returns:
            The batch's mean loss in nats, and how many of it are right.
        """
        taken = (images, indices, transforms.contiguous(), None, targets.contiguous(), seeds)
        batch = _batch(taken, *normalization, bilinear)
        for parameter, gradient in zip(self._parameters, self._gradients, strict=True):
            parameter.grad = gradient
        loss, num_right = ctypes.c_double(), ctypes.c_int64()
        kernels().mnistops_step(
            self._handle,
            ctypes.byref(batch),
            *self._tables,
            ctypes.byref(loss),
            ctypes.byref(num_right),
        )
        if self._counters:
            torch._foreach_add_(self._counters, 1)
        return loss.value, num_right.value

    def __call__(self, images: Tensor) -> Tensor:
        """Normalised images (n, C, H, W), any n, to logits (n, classes), in evaluation mode."""
        parts = []
        for part in torch.split(images.float(), self._batch_size):
            pixels = part.new_zeros((self._batch_size, *self._image_size))
            pixels[: len(part)] = part
            outputs = pixels.new_empty((self._batch_size, self.num_classes))
            kernels().mnistops_infer(
                self._handle,
                ctypes.byref(_batch((None, None, None, pixels, None, None))),
                *self._tables[:2],
                outputs.data_ptr(),
            )
            parts.append(outputs[: len(part)])
        return torch.cat(parts)


def native_outputs(module: nn.Module, network: NetworkSpec | str) -> NativeNetwork | None:
    """The kernels to compute a module's outputs, for batches of any size; None where they cannot.

    Args:
        module: what `mnistops.networks.build.build` makes of a spec, or any other.
        network: its spec, or the name of its code.
    """
    if not isinstance(network, NetworkSpec) or not isinstance(module, SpecNetwork):
        return None
    if obstacle(network) or next(module.parameters()).device.type != "cpu":
        return None
    try:
        return NativeNetwork(module, network, 8 * lanes(), torch.get_num_threads())
    except MnistopsError:  # no compiler, say, or no room for what it builds
        return None


def _batch(
    tensors: Sequence[Tensor | None], mean: float = 0.0, std: float = 1.0, bilinear: bool = False
) -> _Batch:
    return _Batch(*table(tensors), mean, std, bilinear)


def table(tensors: Sequence[Tensor | None]) -> "ctypes.Array[ctypes.c_void_p]":
    """Where the numbers of these tensors are."""
    pointers = (None if tensor is None else tensor.data_ptr() for tensor in tensors)
    return (ctypes.c_void_p * len(tensors))(*pointers)

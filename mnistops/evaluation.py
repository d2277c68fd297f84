"""A network over images that nothing is done to: how often it is wrong, where, and how sure."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistops.classifier import expect_outputs
from mnistops.data.images import ImageSet
from mnistops.data.normalization import Normalization
from mnistops.errors import NotFinite
from mnistops.events import result_of
from mnistops.resources import OTHER_DEVICE, resources_for_batch
from mnistops.user_code import users_code

BATCH_SIZE = 1000
MOST_LIKELY = 5
"""Classes that are told of a mistake, with their probabilities."""


@dataclass(frozen=True)
class BatchEvaluated:
    """So many of the images are done."""

    num_done: int
    num_images: int


@dataclass(frozen=True)
class Mistake:
    """An image that is taken for another class.

    Attributes:
        index: of the image in its split, from 0.
        confidence: the probability of the predicted class, in 0..1.
        likeliest: up to five classes and their probabilities, the predicted one first.
    """

    index: int
    actual: int
    predicted: int
    confidence: float
    likeliest: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class ClassResult:
    """How one class fares; a share is None where there is nothing to take it of.

    Attributes:
        recall: share of the class' images that are recognised.
        precision: share of the images taken for the class that are of it.
    """

    label: int
    num_images: int
    num_errors: int
    recall: float | None
    precision: float | None


@dataclass(frozen=True)
class EvaluationResult:
    """What one pass over the images found.

    Attributes:
        loss: mean cross-entropy in nats.
        confusion: images by actual class (row) and predicted class (column).
        mistakes: the least confident first.
    """

    num_images: int
    loss: float
    confusion: tuple[tuple[int, ...], ...]
    mistakes: tuple[Mistake, ...]

    @property
    def num_errors(self) -> int:
        """Images that are taken for another class."""
        return len(self.mistakes)

    @property
    def accuracy(self) -> float:
        """Share of the images that are classified correctly, in 0..1."""
        return (self.num_images - self.num_errors) / self.num_images

    @property
    def per_class(self) -> tuple[ClassResult, ...]:
        """Each class by itself."""
        results = []
        for label, row in enumerate(self.confusion):
            right, actual = row[label], sum(row)
            predicted = sum(other[label] for other in self.confusion)
            results.append(
                ClassResult(
                    label,
                    actual,
                    actual - right,
                    right / actual if actual else None,
                    right / predicted if predicted else None,
                )
            )
        return tuple(results)


def evaluate(
    network: nn.Module,
    images: ImageSet,
    normalization: Normalization,
    outputs_of: Callable[[Tensor], Tensor] | None = None,
) -> EvaluationResult:
    """Run a network over images once, in float32 and evaluation mode.

    Args:
        network: images (n, 1, H, W) to logits or log-probabilities (n, classes), on the images'
            device.
        outputs_of: what computes the network's outputs in its place, in evaluation mode.

    Raises:
        NotFinite: an output is no number.
    """
    return result_of(evaluate_in_batches(network, images, normalization, outputs_of=outputs_of))


def evaluate_in_batches(
    network: nn.Module,
    images: ImageSet,
    normalization: Normalization,
    batch_size: int = BATCH_SIZE,
    outputs_of: Callable[[Tensor], Tensor] | None = None,
) -> Generator[BatchEvaluated, None, EvaluationResult]:
    """`evaluate`, telling of each batch.

    Args:
        batch_size: images at a time; it changes what is needed of memory, not what is found.
    """
    outputs = yield from outputs_in_batches(
        network, images.images, normalization, batch_size, outputs_of
    )
    return _result(outputs, images.labels.cpu())


def outputs_in_batches(
    network: nn.Module,
    images: Tensor,
    normalization: Normalization,
    batch_size: int = BATCH_SIZE,
    outputs_of: Callable[[Tensor], Tensor] | None = None,
) -> Generator[BatchEvaluated, None, Tensor]:
    """The network's outputs (N, classes) for bytes (N, C, H, W), on the CPU.

    Raises:
        NotFinite: one of them is no number.
    """
    was_training, name = network.training, type(network).__name__
    compute = outputs_of or network
    outputs = []
    network.eval()
    try:
        for start in range(0, len(images), batch_size):
            done = min(start + batch_size, len(images))
            with (
                torch.inference_mode(),
                _whole_float32(),
                resources_for_batch(done - start, OTHER_DEVICE),
                users_code(name),
            ):
                shown = normalization(images[start:done].float() / 255)
                outputs.append(expect_outputs(name, compute(shown), shown).float())
            yield BatchEvaluated(done, len(images))
    finally:
        network.train(was_training)
    return _expect_finite(torch.cat(outputs).cpu())


@contextmanager
def _whole_float32() -> Iterator[None]:
    """Inside, CUDA does not round float32 to TF32, which it does in convolutions by default."""
    cudnn: Any = torch.backends.cudnn  # torch's types do not know its `conv`
    kinds = (cudnn.conv, torch.backends.cuda.matmul)
    before = [kind.fp32_precision for kind in kinds]
    try:
        for kind in kinds:
            kind.fp32_precision = "ieee"
        yield
    finally:
        for kind, precision in zip(kinds, before, strict=True):
            kind.fp32_precision = precision


def _expect_finite(outputs: Tensor) -> Tensor:
    bad = int((~outputs.isfinite()).any(1).sum())
    if bad:
        raise NotFinite(
            f"network: expected numbers as outputs, got nan or infinite ones for {bad:,} of "
            f"{len(outputs):,} images"
        )
    return outputs


def to_probabilities(outputs: Tensor) -> Tensor:
    """Logits or log-probabilities (N, classes) as probabilities, in float64."""
    # Rows of log-probabilities come out as they went in.
    return functional.softmax(outputs.double(), 1)


def _result(outputs: Tensor, labels: Tensor) -> EvaluationResult:
    """What outputs (N, classes) say of labels (N,)."""
    num_images, num_classes = outputs.shape
    probabilities = to_probabilities(outputs)
    confidences, predicted = probabilities.amax(1), outputs.argmax(1)
    pairs = torch.bincount(labels * num_classes + predicted, minlength=num_classes**2)
    wrong = (predicted != labels).nonzero().flatten()
    wrong = wrong[confidences[wrong].argsort(stable=True)]
    # Stable, as argmax is: of equal classes the first stands first.
    classes = outputs[wrong].argsort(dim=1, descending=True, stable=True)[:, :MOST_LIKELY]
    shares = probabilities[wrong].gather(1, classes)
    likeliest = (
        tuple(zip(*one, strict=True)) for one in zip(classes.tolist(), shares.tolist(), strict=True)
    )
    mistakes = map(
        Mistake,
        wrong.tolist(),
        labels[wrong].tolist(),
        predicted[wrong].tolist(),
        confidences[wrong].tolist(),
        likeliest,
    )
    return EvaluationResult(
        num_images,
        functional.cross_entropy(outputs.double(), labels).item(),
        tuple(map(tuple, pairs.reshape(num_classes, num_classes).tolist())),
        tuple(mistakes),
    )

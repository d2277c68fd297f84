"""TorchLens as an oracle: wherever it and we both say exact, we say the same."""

import warnings
from fractions import Fraction

import pytest
import torch
from torchvision import models

from mnistops.analysis.capture import capture
from mnistops.analysis.receptive_field import receptive_fields

pytestmark = pytest.mark.slow

Field = tuple[tuple[int, ...], tuple[Fraction, ...], tuple[Fraction, ...]]
"""Size, jump and centre of unit 0, per axis."""


def theirs(model: torch.nn.Module, size: tuple[int, ...]) -> dict[str, Field]:
    """The exact fields of modules that run once, by path."""
    import torchlens

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trace = torchlens.trace(model, torch.zeros(1, *size))
        frame = trace.receptive_fields("module").frame
    exact = frame[frame["exact"] & (frame["status"].map(lambda status: status.value) == "exact")]
    rows = zip(exact["name"], exact["size"], exact["jump"], exact["center0"], strict=True)
    return {name: (size, jump, center) for name, size, jump, center in rows}


def ours(model: torch.nn.Module, size: tuple[int, ...], name: str) -> dict[str, Field]:
    """The same, of what is one layer to its users."""
    found = {}
    for row in receptive_fields(capture(model, size, name)):
        if row.is_module and row.status == "exact" and not row.is_gated:
            assert row.size and row.jump and row.start
            centers = [Fraction(2 * a + n - 1, 2) for a, n in zip(row.start, row.size, strict=True)]
            jumps = tuple(map(Fraction, row.jump))
            found[row.path] = (row.size, jumps, tuple(centers))
    return found


@pytest.mark.parametrize(
    ("name", "pixels", "least"),
    [
        ("alexnet", 224, 13),
        ("vgg11", 224, 21),
        ("resnet18", 224, 50),
        ("mobilenet_v2", 224, 139),
        ("googlenet", 224, 2),
        ("densenet121", 224, 4),
    ],
)
def test_both_say_the_same(name: str, pixels: int, least: int) -> None:
    extra = {"init_weights": False} if name == "googlenet" else {}
    model = getattr(models, name)(weights=None, **extra).eval()
    size = (3, pixels, pixels)
    expected, found = theirs(model, size), ours(model, size, name)
    both = set(expected) & set(found)
    assert {path: found[path] for path in both} == {path: expected[path] for path in both}
    assert len(both) >= least

"""torchvision's classifiers: the published receptive fields, and every row of every model."""

from collections import Counter
from collections.abc import Iterator

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from mnistops.analysis.capture import capture
from mnistops.analysis.receptive_field import ReceptiveField, receptive_fields
from mnistops.analysis.summary import summarize_graph
from tests.applied import assert_as_torch

# Why rows of a family are neither exact nor whole; all other families have no such row.
REASONS = {
    "maxvit": "attention in windows and in grids: fields follow no rule of position",
    "swin": "attention in windows, shifted: fields follow no rule of position",
    "vit": "tokens beside one that sees no pixel, before the first attention",
}
BOUND = {
    "maxvit_t": 71,
    "swin_b": 163,
    "swin_s": 163,
    "swin_t": 163,
    "swin_v2_b": 515,
    "swin_v2_s": 515,
    "swin_v2_t": 299,
} | dict.fromkeys(("vit_b_16", "vit_b_32", "vit_h_14", "vit_l_16", "vit_l_32"), 4)
SMALL = ("alexnet", "resnet18", "squeezenet1_1", "vgg11")
NAMES = models.list_models(module=models)

TABLE: dict[str, Counter[str]] = {}


@pytest.fixture
def weightless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are made without their weights being drawn."""

    def keep(tensor: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
        return tensor

    for name in dir(nn.init):
        if name.endswith("_") and not name.startswith("_"):
            monkeypatch.setattr(nn.init, name, keep)


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    """With ``-v``, print how many rows of each model have which status, and why."""
    yield
    lines = [f"{'model':22}{'exact':>7}{'whole':>7}{'bound':>7}{'unsupported':>13}  why"]
    for name, found in TABLE.items():
        counts = "".join(
            f"{found[status]:>{width}}"
            for status, width in (("exact", 7), ("whole", 7), ("bound", 7), ("unsupported", 13))
        )
        lines.append(f"{name:22}{counts}  {reason(name) if found['bound'] else ''}")
    capturing = request.config.pluginmanager.get_plugin("capturemanager")
    if capturing is not None and request.config.get_verbosity() > 0:
        with capturing.global_and_fixture_disabled():
            print("\n" + "\n".join(lines))


def reason(name: str) -> str:
    """Of the family that a model belongs to; empty for convolutional ones."""
    return next((why for family, why in REASONS.items() if name.startswith(family)), "")


def model_named(name: str) -> nn.Module:
    """A model whose weights have no numbers; regnets want numbers to be made."""
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    with torch.device("cpu" if name.startswith("regnet") else "meta"):
        model: nn.Module = models.get_model(name, weights=None, **options)
    return model


def rows_of(name: str, pixels: int) -> tuple[ReceptiveField, ...]:
    return receptive_fields(capture(model_named(name), (3, pixels, pixels), name))


@pytest.mark.usefixtures("weightless")
@pytest.mark.parametrize(
    ("name", "path", "size", "jump", "padding"),
    [
        ("alexnet", "features", 195, 32, 66),
        ("inception_v3", "Mixed_7c", 1311, 32, 618),
        ("mobilenet_v2", "features", 491, 32, 245),
        ("resnet18", "layer4", 435, 32, 217),
        ("resnet34", "layer4", 899, 32, 449),
        ("resnet50", "layer4", 427, 32, 213),
        ("vgg11", "features", 150, 32, 59),
        ("vgg16", "features", 212, 32, 90),
        ("vgg19", "features", 268, 32, 118),
        pytest.param("resnet101", "layer4", 971, 32, 485, marks=pytest.mark.slow),
        pytest.param("resnet152", "layer4", 1451, 32, 725, marks=pytest.mark.slow),
    ],
)
def test_published_values(name: str, path: str, size: int, jump: int, padding: int) -> None:
    rows = rows_of(name, 299 if name == "inception_v3" else 224)
    row = [row for row in rows if f"{row.path}.".startswith(f"{path}.")][-1]
    assert (row.size, row.jump, row.effective_padding) == ((size,) * 2, (jump,) * 2, (padding,) * 2)
    assert row.status == "exact"
    assert rows[-1].status == "whole"


@pytest.mark.usefixtures("weightless")
@pytest.mark.parametrize(
    "name", [n if n in SMALL else pytest.param(n, marks=pytest.mark.slow) for n in NAMES]
)
def test_every_row_is_exact_or_whole_or_explained(name: str) -> None:
    model = model_named(name)
    graph = capture(model, (3, 224, 224), name)
    rows = receptive_fields(graph)
    found = TABLE[name] = Counter(row.status for row in rows)
    assert set(found) <= {"exact", "whole", "bound"}
    assert found["bound"] == BOUND.get(name, 0)
    assert bool(found["bound"]) == bool(reason(name))
    summary = summarize_graph(graph)
    assert summary.total_params == sum(p.numel() for p in model.parameters())
    assert summary.unused_params == 0 or name in ("googlenet", "inception_v3")
    assert summary.mult_adds == mult_adds_by_torch(model)


def mult_adds_by_torch(model: nn.Module) -> float:
    """Half of torch's flops, less what is worked out of positions and depends on no image."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model.to("meta").eval()(torch.empty(1, 3, 224, 224, device="meta"))
    of_positions = [
        sum(counts.values())
        for path, counts in counter.get_flop_counts().items()
        if path.endswith(".cpb_mlp")
    ]
    return (counter.get_total_flops() - sum(of_positions)) / 2


def test_every_model_that_is_not_convolutional_has_its_reason() -> None:
    assert {name for name in NAMES if reason(name)} == set(BOUND)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(3, 36, 36), (3, 64, 44)])
def test_shifted_windows_see_what_torch_says(size: tuple[int, int, int]) -> None:
    blocks = models.swin_t(weights=None).features[:4]
    assert_as_torch(blocks, size)


@pytest.mark.slow
def test_a_shuffled_network_sees_what_torch_says() -> None:
    model = models.shufflenet_v2_x0_5(weights=None)
    assert_as_torch(nn.Sequential(model.conv1, model.maxpool, model.stage2), (3, 50, 40))

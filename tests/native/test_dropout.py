"""Dropout in the kernels: what is dropped, and that the way back drops the same."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mnistops.native.network import NativeNetwork, lanes
from mnistops.networks.spec import Conv, Linear, NetworkSpec
from tests.native.twins import Examples, built, examples, gradients, native_step

# A convolution that hands its image on, dropped out, to a layer that tells what it was given.
SPEC = NetworkSpec(
    name="told",
    input_size=(1, 12, 12),
    dropout=0.25,
    output="logits",
    blocks=(
        Conv(name="hand", out_channels=3, kernel_size=(3, 3), norm="none", activation="none"),
        Linear(name="fc", out_features=2, bias=False),
    ),
)
NUM_VALUES = 3 * 10 * 10


def of_seed(seed: int, spec: NetworkSpec = SPEC) -> Examples:
    """Always the same images; the two classes as targets, another image of each in turn."""
    shown = examples(spec, 2)
    return Examples(shown.images, shown.transforms, shown.targets, torch.tensor([seed, 0]).int())


def kept(shown: Examples, spec: NetworkSpec = SPEC) -> Tensor:
    """What each value is multiplied with: (n, values).

    Images without a target have no gradient, so that of the last layer is one image's values.
    """
    number, module = len(shown.images), built(spec)
    module.get_parameter("fc.1.weight").data.zero_()
    network = NativeNetwork(module, spec, number, 1)
    plain = functional.conv2d(shown.pixels, module.get_parameter("hand.0.weight").double())
    rows = []
    for one in range(number):
        targets = torch.zeros(number, 2)
        targets[one, 0] = 1
        native_step(network, Examples(shown.images, shown.transforms, targets, shown.seeds))
        # Both classes are as likely: half of the values, over the number of images.
        rows.append(-2 * number * gradients(module)["fc.1.weight"][0])
    return torch.stack(rows) / plain.flatten(1).detach()


@pytest.mark.parametrize("dropout", [0.03, 0.25, 0.5, 0.75])
def test_such_a_share_is_dropped_and_the_mean_stays(dropout: float) -> None:
    spec = SPEC.changed(dropout=dropout)
    factors = kept(of_seed(7, spec), spec)
    is_kept = factors > 0.5
    torch.testing.assert_close(factors, is_kept.double() / (1 - dropout), rtol=1e-2, atol=1e-2)
    number = factors.numel()
    # Five deviations of a binomial one.
    bound = 5 * (dropout * (1 - dropout) / number) ** 0.5
    assert is_kept.double().mean().item() == pytest.approx(1 - dropout, abs=bound)


def test_values_are_dropped_independently() -> None:
    masks = [(kept(of_seed(seed)) > 0.5).double() - 0.75 for seed in (1, 2, -3)]
    deviation = (0.25 * 0.75) / masks[0].numel() ** 0.5
    first = masks[0]
    pairs = {
        "seeds": (masks[0], masks[1]),
        "signs of seeds": (masks[0], masks[2]),
        "images": (first[1:], first[:-1]),
        "blocks": (first[lanes() :], first[: lanes()]),
        "values": (first[:, 1:], first[:, :-1]),
        "rows": (first[:, 10:], first[:, :-10]),
        "channels": (first[:, 100:], first[:, :-100]),
    }
    for name, (one, other) in pairs.items():
        # Five deviations; fewer pairs are further apart.
        bound = 5 * deviation * (first.numel() / one.numel()) ** 0.5
        assert abs((one * other).mean().item()) < bound, name
    # No image and no value has a share of its own.
    for axis, number in ((0, first.shape[0]), (1, first.shape[1])):
        means = first.mean(axis)
        assert means.abs().max() < 5.5 * (0.25 * 0.75 / number) ** 0.5


def test_a_seed_says_all() -> None:
    assert torch.equal(kept(of_seed(5)), kept(of_seed(5)))


@pytest.mark.parametrize("activation", ["none", "relu", "leaky_relu"])
def test_the_way_back_drops_the_same(activation: str) -> None:
    shown, mask = of_seed(9), (kept(of_seed(9)) > 0.5).double() / 0.75
    hand = SPEC.blocks[0].model_copy(update={"activation": activation})
    spec = SPEC.model_copy(update={"blocks": (hand, SPEC.blocks[1])})
    module = built(spec)
    loss, _ = native_step(NativeNetwork(module, spec, len(shown.images), 2), shown)

    first, last = (
        module.get_parameter(key).detach().double().requires_grad_()
        for key in ("hand.0.weight", "fc.1.weight")
    )
    act = {"none": lambda x: x, "relu": torch.relu, "leaky_relu": functional.leaky_relu}
    values = act[activation](functional.conv2d(shown.pixels, first)).flatten(1) * mask
    expected = functional.cross_entropy(values @ last.T, shown.targets.double())
    expected.backward()  # type: ignore[no-untyped-call]
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    for key, own in (("hand.0.weight", first), ("fc.1.weight", last)):
        assert own.grad is not None
        largest = own.grad.abs().max().item()
        torch.testing.assert_close(gradients(module)[key], own.grad, rtol=0, atol=1e-4 * largest)


def test_outputs_drop_nothing() -> None:
    module, shown = built(SPEC), of_seed(3)
    network = NativeNetwork(module, SPEC, len(shown.images), 1)
    native_step(network, shown)
    with torch.no_grad():
        expected = module.eval()(shown.pixels.float())
    torch.testing.assert_close(network(shown.pixels.float()), expected, rtol=1e-4, atol=1e-5)


def test_a_block_without_dropout_drops_nothing() -> None:
    hand = SPEC.blocks[0].model_copy(update={"dropout": False})
    spec = SPEC.model_copy(update={"blocks": (hand, SPEC.blocks[1])})
    factors = kept(of_seed(3, spec), spec)
    torch.testing.assert_close(factors, torch.ones_like(factors), rtol=1e-2, atol=0)

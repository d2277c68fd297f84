"""The kernels, against torch in float64."""

import subprocess
import sys
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from mnistops.data.augment import Interpolation, Warp, warp
from mnistops.errors import OutOfResources
from mnistops.native import network as native
from mnistops.native.compiler import CannotBuild
from mnistops.native.network import NativeNetwork, kernels, lanes, native_outputs
from mnistops.networks.build import build
from mnistops.networks.spec import (
    AnyBlock,
    Conv,
    GlobalAvgPool,
    ImageSize,
    Linear,
    MaxPool,
    NetworkSpec,
)
from mnistops.networks.zoo import REFERENCE, SEPARABLE, TINY
from tests.native.twins import (
    Examples,
    built,
    examples,
    gradients,
    in_double,
    least_variance,
    native_step,
    torch_step,
    torch_terms,
)
from tests.strategies import native_specs

# Of a parameter's largest gradient: what float32 may be off.
TOLERANCE = 1e-4
# The same of torch's own float32, where there is anything to compare.
MOST_OFF = 1e-3
STILL = REFERENCE.changed(dropout=0.0)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """More would wait for each other longer than they work, on networks so small."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)


def distances(
    found: dict[str, Tensor], expected: dict[str, Tensor], terms: dict[str, float]
) -> dict[str, float]:
    """How far gradients are off, as a share of the parameter's largest.

    Where what they add up cancels out, as for a bias in front of a norm, they are nothing but
    rounding, and are held against a hundredth of what they add up.
    """
    shares = {}
    for key, value in expected.items():
        off, scale = (found[key] - value).abs().max().item(), value.abs().max().item()
        scale = max(scale, 1e-2 * terms[key])
        shares[key] = off / scale if scale else off
    return shares


def is_steady(spec: NetworkSpec, seed: int, shown: Examples) -> bool:
    """Whether the gradients stay as good as they are when weights change by a millionth.

    They do not behind a norm that divides by next to nothing. They jump where a value is at the
    corner of an activation, and where two are equally large in a pool.
    """
    module = in_double(built(spec, seed))
    if least_variance(module, shown) < 1e-3:
        return False
    terms = torch_terms(module, shown)
    first, generator = gradients(module), torch.Generator().manual_seed(seed)
    for _ in range(3):
        moved = in_double(built(spec, seed))
        with torch.no_grad():
            for parameter in moved.parameters():
                noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                parameter.mul_(1 + 1e-6 * noise)
        torch_step(moved, shown)
        if max(distances(gradients(moved), first, terms).values()) > TOLERANCE / 2:
            return False
    return True


@given(native_specs(), st.integers(0, 2**31), st.integers(1, 2), st.integers(1, 2), st.booleans())
def test_a_step_and_the_outputs_are_torchs(
    spec: NetworkSpec, seed: int, num_blocks: int, num_threads: int, smooth: bool
) -> None:
    shown = examples(spec, num_blocks, seed, smooth)
    assume(is_steady(spec, seed, shown))
    # Some norms of few values take away nearly all that there is, for torch's float32 as well.
    assume(torchs_off(spec, seed, shown) < MOST_OFF)
    expect_torchs(spec, seed, shown, num_threads)


def torchs_off(spec: NetworkSpec, seed: int, shown: Examples) -> float:
    """How far gradients are off in torch's own float32."""
    single = built(spec, seed)
    twin = in_double(single)
    terms = torch_terms(in_double(single), shown)
    for module in (single, twin):
        torch_step(module, shown)
    return max(distances(gradients(single), gradients(twin), terms).values())


def expect_torchs(spec: NetworkSpec, seed: int, shown: Examples, num_threads: int) -> None:
    """That a step and the outputs are torch's."""
    module = built(spec, seed)
    twin = in_double(module)
    terms = torch_terms(in_double(module), shown)
    network = NativeNetwork(module, spec, len(shown.images), num_threads)
    loss, num_right = native_step(network, shown)
    expected_loss, expected_right = torch_step(twin, shown)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    assert num_right == expected_right
    off = distances(gradients(module), gradients(twin), terms)
    assert max(off.values()) < max(TOLERANCE, 10 * torchs_off(spec, seed, shown)), off
    for key, buffer in twin.named_buffers():
        torch.testing.assert_close(
            module.get_buffer(key).double(), buffer.double(), rtol=1e-5, atol=1e-5
        )
    with torch.no_grad():
        outputs = network(shown.pixels.float()).double()
        expected = twin.eval()(shown.pixels)
    if spec.output == "log_softmax":
        outputs = outputs.log_softmax(1)
    largest = expected.abs().max().item()
    torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-5 * largest + 1e-6)


def depthwise(channels: int, number: int = 1, **changes: Any) -> Conv:
    """A 3 x 3 for each channel on its own, with nothing behind it, unless that is changed."""
    values = {"out_channels": channels, "groups": channels, "norm": "none", "activation": "none"}
    return Conv(name=f"depthwise{number}", **{**values, **changes})


def pointwise(channels: int, number: int = 1, **changes: Any) -> Conv:
    name = f"pointwise{number}"
    return Conv(name=name, out_channels=channels, kernel_size=(1, 1), **changes)


HEAD = Linear(name="head", out_features=4)
FIRST = Conv(name="first", out_channels=6, kernel_size=(2, 3))
POOL = MaxPool(name="pool", kernel_size=(2, 3), stride=(2, 1))


@pytest.mark.parametrize(
    "blocks",
    [
        (FIRST, depthwise(6), pointwise(7)),
        (FIRST, depthwise(6, kernel_size=(5, 5)), pointwise(7)),
        (FIRST, depthwise(6, kernel_size=(5, 3), padding=(3, 1)), pointwise(7)),
        (FIRST, depthwise(6, kernel_size=(6, 6)), pointwise(7)),  # of too many taps to repeat it
        (FIRST, depthwise(6, stride=(2, 3)), pointwise(7)),
        (FIRST, depthwise(6, stride=(3, 1), dilation=(1, 2), padding=(2, 2)), pointwise(7)),
        (FIRST, depthwise(6, dilation=(3, 2)), pointwise(7)),
        (FIRST, depthwise(6, dilation=(2, 2), padding="same"), pointwise(7)),
        (FIRST, depthwise(6, out_channels=12), pointwise(7)),
        (FIRST, depthwise(6, out_channels=18, kernel_size=(5, 5)), pointwise(7)),
        (FIRST, depthwise(6, bias=True), pointwise(7)),
        (FIRST, depthwise(6, bias=True), pointwise(7, norm="none")),
        (FIRST, depthwise(6, norm="batch", activation="relu"), pointwise(7)),
        (FIRST, depthwise(6, activation="leaky_relu"), pointwise(7)),
        (FIRST, POOL, depthwise(6), pointwise(7)),
        (FIRST, depthwise(6), POOL, pointwise(7)),
        (depthwise(2), pointwise(7)),
        (FIRST, depthwise(6), Conv(name="last", out_channels=7, kernel_size=(2, 2), groups=1)),
        (FIRST, depthwise(6), Conv(name="last", out_channels=8, groups=2)),
        (FIRST, depthwise(6), depthwise(6, 2), pointwise(7)),
        (FIRST, depthwise(6), depthwise(6, 2, norm="batch"), pointwise(7)),
        (FIRST, depthwise(6), pointwise(9), depthwise(9, 2, bias=True), pointwise(7, 2)),
        (FIRST, depthwise(6), Linear(name="fc", out_features=3)),
        (FIRST, depthwise(6)),
        (*(Conv(name=f"thin{i}", out_channels=1, norm="none", activation="none") for i in "abc"),),
    ],
    ids=lambda blocks: "-".join(block.name for block in blocks),
)
@pytest.mark.parametrize("input_size", [(2, 17, 19), (2, 20, 31)])
def test_depthwise_convolutions_are_torchs(
    blocks: tuple[AnyBlock, ...], input_size: ImageSize
) -> None:
    ends = () if isinstance(blocks[-1], Linear) else (GlobalAvgPool(name="gap"), HEAD)
    spec = NetworkSpec(name="deep", input_size=input_size, blocks=(*blocks, *ends))
    shown = examples(spec, 3, smooth=True)
    seed = next(seed for seed in range(20) if is_steady(spec, seed, shown))
    expect_torchs(spec, seed, shown, 2)


@pytest.mark.parametrize("spec", [REFERENCE.changed(dropout=0.1), TINY], ids=lambda spec: spec.name)
@pytest.mark.parametrize("num_threads", [2, 3, 8])
def test_the_number_of_threads_changes_no_bit(spec: NetworkSpec, num_threads: int) -> None:
    shown = examples(spec, 5)
    results = []
    for threads in (1, num_threads):
        module = built(spec)
        network = NativeNetwork(module, spec, len(shown.images), threads)
        scores = [native_step(network, shown) for _ in range(3)]
        results.append((scores, gradients(module), network(shown.pixels.float()), module))
    (one, one_gradients, one_outputs, first), (other, others, outputs, second) = results
    assert one == other and torch.equal(one_outputs, outputs)
    assert all(torch.equal(value, others[key]) for key, value in one_gradients.items())
    states = first.state_dict(), second.state_dict()
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())


def test_steps_by_hand_follow_torchs() -> None:
    """Over 20 steps what float32 rounds away grows, to some thousandths of the loss."""
    shown, module = examples(STILL, 2, smooth=True), built(STILL)
    twin = in_double(module)
    network = NativeNetwork(module, STILL, len(shown.images), 2)
    losses: list[tuple[float, float]] = []
    for _ in range(20):
        losses.append((native_step(network, shown)[0], torch_step(twin, shown)[0]))
        for parameter in (*module.parameters(), *twin.parameters()):
            assert parameter.grad is not None
            parameter.data -= 0.02 * parameter.grad
    for loss, expected in losses:
        assert loss == pytest.approx(expected, rel=2e-3)
    assert losses[-1][1] < 0.97 * losses[0][1]
    assert module.get_buffer("convblock1.1.num_batches_tracked") == 20


@pytest.mark.parametrize("num_images", [1, 5, 32, 33, 70])
def test_outputs_are_of_any_number_of_images(num_images: int) -> None:
    module = built(STILL).eval()
    network = NativeNetwork(module, STILL, 2 * lanes(), 1)
    images = torch.randn(num_images, 1, 28, 28)
    with torch.no_grad():
        outputs, expected = network(images), module(images)
    assert outputs.shape == (num_images, 10)
    torch.testing.assert_close(outputs.log_softmax(1), expected, rtol=1e-4, atol=1e-5)


def test_outputs_are_those_of_what_has_kernels_and_of_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module, curved = built(STILL), SEPARABLE.blocks[0].model_copy(update={"activation": "gelu"})
    network, images = native_outputs(module, STILL), torch.randn(9, 1, 28, 28)
    assert network is not None
    with torch.no_grad():
        expected = module.eval()(images)
    torch.testing.assert_close(network(images).log_softmax(1), expected, rtol=1e-4, atol=1e-5)
    spec = SEPARABLE.model_copy(update={"blocks": (curved, *SEPARABLE.blocks[1:])})
    assert native_outputs(build(spec), spec) is None
    assert native_outputs(torch.nn.Linear(2, 2), "file.py:Net") is None
    assert native_outputs(module.to("meta"), STILL) is None
    kernels.cache_clear()
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert native_outputs(built(STILL), STILL) is None


def test_gradients_go_where_the_parameters_own_are_and_outputs_change_nothing() -> None:
    shown, module = examples(STILL, 1), built(STILL)
    network = NativeNetwork(module, STILL, len(shown.images), 1)
    native_step(network, shown)
    expected, buffers = gradients(module), [buffer.clone() for buffer in module.buffers()]
    module.zero_grad()
    network(shown.pixels.float())
    assert all(parameter.grad is None for parameter in module.parameters())
    assert all(map(torch.equal, module.buffers(), buffers))
    native_step(network, shown)
    found = gradients(module)
    assert all(torch.equal(value, found[key]) for key, value in expected.items())


READER = NetworkSpec(
    name="reader",
    input_size=(2, 20, 24),
    blocks=(Linear(name="fc", out_features=2, bias=False),),
)


def seen(image: Tensor, transform: Tensor, interpolation: Interpolation) -> Tensor:
    """An image (C, H, W) as the kernels warp it, from 0 to 1.

    Between two classes that are as likely the gradient of one's weights is half of the image.
    """
    spec = READER.changed(input_size=(image.shape[0], image.shape[1], image.shape[2]))
    module, number = built(spec), lanes()
    module.state_dict()["fc.1.weight"].zero_()
    network = NativeNetwork(module, spec, number, 1)
    network.step(
        image.unsqueeze(0),
        torch.zeros(number, dtype=torch.int64),
        transform.repeat(number, 1, 1),
        torch.tensor([[1.0, 0.0]]).repeat(number, 1),
        (0.0, 1.0),
        interpolation == "bilinear",
        torch.zeros(1, dtype=torch.int32),
    )
    return -2 * gradients(module)["fc.1.weight"][0].reshape(image.shape)


@given(
    st.tuples(st.integers(1, 3), st.integers(2, 40), st.integers(2, 40)),
    st.integers(0, 1000),
    st.sampled_from(("nearest", "bilinear")),
)
def test_images_are_warped_as_elsewhere(
    size: tuple[int, int, int], seed: int, interpolation: Interpolation
) -> None:
    generator = torch.Generator().manual_seed(seed)
    image = torch.randint(1, 256, size, generator=generator).byte()
    warper = Warp(60, 0.6, 0.8, 0.2, 0.3, 0.3, interpolation)
    transform = warper.draw(1, *size[1:], generator)
    found = seen(image, transform, interpolation)
    # A transform's own rounding is in both; float64 has hardly any other.
    expected = warp(image.unsqueeze(0).double() / 255, transform.double(), interpolation)[0]
    off = ((found - expected).abs() > 1e-3).any(0)
    if interpolation == "nearest":
        off &= ~is_tied(transform[0].double(), *size[1:])
    assert not off.any()


def is_tied(transform: Tensor, height: int, width: int) -> Tensor:
    """Which points (H, W) are seen so near the middle between two pixels that rounding decides."""
    x, y = torch.arange(width) + 0.5, torch.arange(height).unsqueeze(-1) + 0.5
    across, down, depth = (row[0] * x + row[1] * y + row[2] for row in transform)
    # The middles of pixels are at halves, and those between them at whole numbers.
    far = [(at / depth - (at / depth).round()).abs() for at in (across, down)]
    return torch.minimum(*far) < 1e-3


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_an_image_that_stays_is_seen_exactly(interpolation: Interpolation) -> None:
    image = torch.randint(0, 256, (2, 9, 7), generator=torch.Generator().manual_seed(0)).byte()
    found = seen(image, torch.eye(3), interpolation)
    assert torch.equal((255 * found).round(), image.double())
    torch.testing.assert_close(255 * found, image.double(), rtol=1e-6, atol=0)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_what_is_on_the_horizon_or_behind_is_as_torchs(interpolation: Interpolation) -> None:
    image = torch.full((1, 8, 8), 255, dtype=torch.uint8)
    # The depth of the points 2.5 pixels from the left is 0, and is negative left of them.
    transform = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, -2.5]])
    found = seen(image, transform, interpolation)
    assert found.isfinite().all()
    expected = warp(image.unsqueeze(0).double() / 255, transform[None].double(), interpolation)[0]
    beside = [x for x in range(8) if x != 2]
    torch.testing.assert_close(found[..., beside], expected[..., beside], rtol=0, atol=1e-5)


def test_each_image_has_its_own_place_in_the_set_and_its_own_transform() -> None:
    shown, module = examples(STILL, 1), built(STILL)
    order = torch.randperm(len(shown.images), generator=torch.Generator().manual_seed(1))
    warper = Warp(30, 0.3, interpolation="bilinear")
    transforms = warper.draw(len(order), 28, 28, torch.Generator().manual_seed(2))
    network = NativeNetwork(module, STILL, len(order), 1)
    moved = Examples(shown.images[order], transforms, shown.targets, shown.seeds, "bilinear")
    expected = native_step(network, moved)
    picked = network.step(
        shown.images, order, transforms, shown.targets, (0.25, 0.5), True, shown.seeds
    )
    assert picked == expected
    assert picked[0] == pytest.approx(torch_step(in_double(built(STILL)), moved)[0], rel=1e-5)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells how much memory there is")
def test_memory_is_given_back() -> None:
    """Each of the 200 has some 12 MB, which they would add up to 2.4 GB."""
    module = built(STILL)

    def use() -> None:
        network = NativeNetwork(module, STILL, 64, 2)
        network(torch.zeros(1, 1, 28, 28))

    for _ in range(5):
        use()
    before = resident_bytes()
    for _ in range(200):
        use()
    assert resident_bytes() - before < 40e6


def test_kernels_that_cannot_be_loaded_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As from a folder that nothing may be run from."""
    Path("broken.so").write_text("no library")
    monkeypatch.setattr(native, "build_kernels", lambda: Path("broken.so"))
    with pytest.raises(CannotBuild, match=r"expected to load broken\.so, got: ") as error:
        native.kernels.__wrapped__()
    assert error.value.hint == "remove broken.so"


def test_more_memory_than_there_is_is_an_error() -> None:
    spec = STILL.changed(input_size=(1, 2000, 2000))
    module = built(STILL)
    with pytest.raises(OutOfResources, match=r"expected memory for 16,000,000 images, got none"):
        NativeNetwork(module, spec, 16_000_000, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="limits a process's addresses")
def test_where_the_system_gives_no_more_threads_fewer_do_the_work() -> None:
    code = """if True:
        import resource
        import torch
        from mnistops.native.network import NativeNetwork
        from mnistops.networks.zoo import TINY
        from tests.native.twins import built, examples, gradients, native_step

        shown, found = examples(TINY, 4), []
        for num_threads in (1, 4):
            module = built(TINY)
            network = NativeNetwork(module, TINY, len(shown.images), num_threads)
            if num_threads > 1:
                used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
                # Room for a stack and a half of the three that are needed.
                stack = resource.getrlimit(resource.RLIMIT_STACK)[0]
                most = used + (3 * stack // 2 if stack > 0 else 12_000_000)
                resource.setrlimit(resource.RLIMIT_AS, (most, most))
            loss = native_step(network, shown)[0]
            found.append([loss, *(of.clone() for of in gradients(module).values())])
        print(all(torch.equal(torch.as_tensor(a), torch.as_tensor(b)) for a, b in zip(*found)))
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


@pytest.mark.parametrize("key", ["convblock1.0.weight", "convblock4.1.weight"])
def test_what_is_no_number_comes_out_as_none(key: str) -> None:
    shown, module = examples(STILL, 1), built(STILL)
    module.state_dict()[key].fill_(torch.nan)
    assert not isfinite(torch_step(in_double(module), shown)[0])
    network = NativeNetwork(module, STILL, len(shown.images), 1)
    assert not isfinite(native_step(network, shown)[0])
    assert network(shown.pixels.float()).isnan().all()

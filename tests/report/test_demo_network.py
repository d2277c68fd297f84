"""network.js: the forward pass in JavaScript, in a real browser, against torch's."""

from collections.abc import Iterator
from math import isfinite

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page
from torch import Tensor, nn

from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint import load_checkpoint
from mnistops.classifier import load_classifier
from mnistops.data.digit import moved_digits
from mnistops.data.images import open_dataset
from mnistops.data.normalization import Normalization
from mnistops.events import result_of
from mnistops.networks.build import build
from mnistops.networks.spec import Conv, Linear, NetworkSpec
from mnistops.networks.zoo import ZOO
from mnistops.report.demo import network_values
from mnistops.report.template import TEMPLATES
from mnistops.settings.sections import DataSettings
from tests.made_data import made_set
from tests.strategies import ACTIVATIONS, native_specs, specs

pytestmark = pytest.mark.slow

OUTPUTS = """([values, images]) => {
  const network = openNetwork(values);
  return images.map(image => forward(network, image).outputs);
}"""


@pytest.fixture(scope="module")
def scripted(chromium: Browser) -> Iterator[Page]:
    """A page with the script and nothing else."""
    page = chromium.new_page()
    page.add_script_tag(path=TEMPLATES / "network.js")
    yield page
    page.close()


def outputs_on(
    page: Page, spec: NetworkSpec, normalization: Normalization, module: nn.Module, images: Tensor
) -> Tensor:
    """Of bytes (N, C, H, W), by the script, in float64."""
    weights = {k: v for k, v in module.state_dict().items() if v.is_floating_point()}
    channels, height, width = images.shape[1:]
    shown = [
        {"channels": channels, "height": height, "width": width, "values": image.flatten().tolist()}
        for image in images
    ]
    found = page.evaluate(OUTPUTS, [network_values(spec, normalization, weights), shown])
    return torch.tensor(found, dtype=torch.float64)


def distance(page: Page, spec: NetworkSpec, module: nn.Module, images: Tensor) -> float:
    """How far outputs are from torch's in float64, as a share of the largest, or of 1 if less.

    It is no number where torch's are none.
    """
    normalization = Normalization(0.25, 0.5)
    found = outputs_on(page, spec, normalization, module, images)
    with torch.inference_mode():
        double = module.double().eval()
        expected = double((images.double() / 255 - normalization.mean) / normalization.std)
    largest = max(1.0, expected.abs().max().item())
    return float((found - expected).abs().max().item() / largest)


def with_statistics(module: nn.Module, seed: int) -> nn.Module:
    """The module as if it had been trained: norms that change what passes them."""
    generator = torch.Generator().manual_seed(seed)
    for key, value in module.state_dict().items():
        if value.is_floating_point() and ".1." in key:
            value.copy_(0.5 + torch.rand(value.shape, generator=generator))
    return module


@given(st.one_of(specs(), native_specs()), st.integers(0, 2**31))
@settings(max_examples=150)
def test_it_is_torchs(scripted: Page, spec: NetworkSpec, seed: int) -> None:
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        module = with_statistics(build(spec), seed)
        images = torch.randint(256, (2, *spec.input_size), dtype=torch.uint8)
    off = distance(scripted, spec, module, images)
    assume(isfinite(off))
    assert off < 1e-9


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_are_exact_over_all_that_they_get(scripted: Page, activation: str) -> None:
    """Of values from -8 to 8, one in each unit, which a bias brings about."""
    count = 65
    first = Conv.model_validate(
        {"name": "a", "out_channels": count, "kernel_size": 1, "norm": "none", "bias": True}
        | {"activation": activation}
    )
    spec = NetworkSpec(name="all", input_size=(1, 1, 1), output="logits", blocks=(first,))
    module = build(spec)
    with torch.no_grad():
        module.get_parameter("a.0.bias").copy_(torch.linspace(-8, 8, count))
        module.get_parameter("a.0.weight").zero_()
    assert distance(scripted, spec, module, torch.zeros(1, 1, 1, 1, dtype=torch.uint8)) < 1e-15


def test_linear_blocks_have_activations_too(scripted: Page) -> None:
    blocks = tuple(
        Linear.model_validate({"name": name, "out_features": 4, "activation": name, "bias": False})
        for name in ACTIVATIONS
        if name != "none"
    )
    spec = NetworkSpec(name="chain", input_size=(1, 4, 4), blocks=blocks)
    images = torch.randint(256, (5, 1, 4, 4), dtype=torch.uint8)
    assert distance(scripted, spec, build(spec), images) < 1e-9


def expect_within_a_ten_thousandth(page: Page, name: str, images: Tensor) -> None:
    """What the command promises: logits of trained weights, against torch's own float32."""
    checkpoint = load_checkpoint(bundled_checkpoint(name))
    module = load_classifier(checkpoint).module.eval()
    with torch.inference_mode():
        expected = module(checkpoint.normalization(images / 255))
    found = outputs_on(page, ZOO[name], checkpoint.normalization, module, images)
    assert (found - expected).abs().max().item() <= 1e-4
    assert len(set(expected.argmax(1).tolist())) > 1


@pytest.mark.parametrize("name", ZOO)
def test_trained_weights_on_made_images(scripted: Page, name: str) -> None:
    digits = torch.from_numpy(255 * moved_digits()).to(torch.uint8).unsqueeze(1)
    images = torch.cat([digits, made_set(100).images])
    expect_within_a_ten_thousandth(scripted, name, images)


@pytest.mark.mnist
@pytest.mark.parametrize("name", ZOO)
def test_trained_weights_on_test_images(scripted: Page, name: str) -> None:
    images = result_of(open_dataset(DataSettings())).test.images[::50]
    assert len(images) == 200
    expect_within_a_ten_thousandth(scripted, name, images)

"""Which weights a network comes with."""

from pathlib import Path

import pytest
import torch

from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint import load_checkpoint, save_checkpoint
from mnistops.data.normalization import SEED_NORMALIZATION, Normalization
from mnistops.errors import MissingInput, UsageError
from mnistops.inspection import layer_graph
from mnistops.networks.build import build
from mnistops.networks.zoo import REFERENCE
from mnistops.settings.sections import NetworkSettings
from mnistops.trained import open_trained

OWN = "import torch\n\ndef net():\n    return torch.nn.Conv2d(1, 2, 3)\n"


def opened_weights(name: str, size: tuple[int, int, int] | None = None) -> dict[str, torch.Tensor]:
    return open_trained(NetworkSettings(name=name, input_size=size)).module.state_dict()


def test_a_built_in_comes_with_our_weights() -> None:
    trained = open_trained(NetworkSettings())
    checkpoint = load_checkpoint(bundled_checkpoint("reference"))
    assert trained.weights == "trained weights"
    assert trained.normalization == checkpoint.normalization != SEED_NORMALIZATION
    assert trained.graph == layer_graph("reference")
    for key, value in trained.module.state_dict().items():
        assert torch.equal(value, checkpoint.state_dict[key])


def test_another_size_keeps_the_weights_and_other_channels_cannot() -> None:
    larger = open_trained(NetworkSettings(input_size=(1, 40, 36)))
    assert (larger.graph.input_shape, larger.weights) == ((1, 40, 36), "trained weights")
    colour = open_trained(NetworkSettings(input_size=(3, 28, 28)))
    assert (colour.graph.input_shape, colour.weights) == ((3, 28, 28), "random weights")


def test_a_checkpoint_comes_with_its_own(tmp_path: Path) -> None:
    path, module = tmp_path / "last.pt", build(REFERENCE)
    save_checkpoint(path, REFERENCE, module, Normalization(0.25, 0.5), {}, 3, {})
    for name in (path, tmp_path):
        trained = open_trained(NetworkSettings(name=str(name)))
        assert trained.weights == "trained weights"
        assert trained.normalization == Normalization(0.25, 0.5)
        for key, value in trained.module.state_dict().items():
            assert torch.equal(value, module.state_dict()[key])


def test_a_toml_file_gets_random_ones_always_the_same(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(REFERENCE.to_toml())
    state = torch.random.get_rng_state()
    first = opened_weights(str(path))
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.rand(3)
    again = opened_weights(str(path))
    assert all(torch.equal(value, again[key]) for key, value in first.items())
    assert open_trained(NetworkSettings(name=str(path))).weights == "random weights"


def test_a_module_in_python_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    trained = open_trained(NetworkSettings(name=f"{path}:net"))
    assert trained.weights == "the weights that it is made with"
    assert trained.graph.network == f"{path}:net"
    assert trained.graph.layers[0].given == (2, 2, 26, 26)
    assert trained.normalization == SEED_NORMALIZATION


def test_a_network_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UsageError, match="expected reference"):
        open_trained(NetworkSettings(name="nothing"))
    with pytest.raises(MissingInput, match="expected a checkpoint or a run folder"):
        open_trained(NetworkSettings(name="nothing.pt"))

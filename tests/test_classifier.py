"""Networks as modules that run: with random weights, and with a checkpoint's."""

from pathlib import Path

import pytest
import torch
from torch import nn

from mnistops.checkpoint import load_checkpoint, save_checkpoint
from mnistops.classifier import Classifier, count_classes, load_classifier, open_classifier
from mnistops.data.normalization import Normalization
from mnistops.errors import BadInput
from mnistops.networks.build import build
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.zoo import REFERENCE
from mnistops.settings.sections import NetworkSettings

PYTHON = """
from torch import nn
class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(1, 7, 28), nn.Flatten(), nn.Dropout(0.5))
def Shared():
    net = Net()
    net.again = net[0]
    return net
"""


@pytest.fixture(autouse=True)
def python_file() -> None:
    Path("net.py").write_text(PYTHON)


def save(path: str, network: NetworkSpec | str, module: nn.Module) -> Path:
    save_checkpoint(Path(path), network, module, Normalization(0.1, 0.3), {}, 0, {})
    return Path(path)


def test_a_built_in_network() -> None:
    classifier = open_classifier(NetworkSettings())
    assert (classifier.name, classifier.network) == ("reference", REFERENCE)
    assert classifier.image_size == (1, 28, 28)
    assert classifier.num_params == 5340


def test_settings_change_size_and_dropout() -> None:
    classifier = open_classifier(NetworkSettings(input_size=(1, 32, 32), dropout=0.25))
    assert classifier.network == REFERENCE.changed((1, 32, 32), 0.25)
    assert classifier.image_size == (1, 32, 32)


def test_a_network_in_python_is_named_by_its_code() -> None:
    classifier = open_classifier(NetworkSettings(name="net.py:Net"))
    assert (classifier.name, classifier.network) == ("Net", "net.py:Net")
    assert classifier.image_size is None
    assert count_classes(classifier, (1, 28, 28)) == 7


@pytest.mark.parametrize(("asked", "got"), [(None, 0.5), (0.0, 0.0), (0.1, 0.1)])
def test_dropout_reaches_a_network_in_python(asked: float | None, got: float) -> None:
    module = open_classifier(NetworkSettings(name="net.py:Net", dropout=asked)).module
    assert [layer.p for layer in module.modules() if isinstance(layer, nn.Dropout)] == [got]


def test_shared_parameters_count_once() -> None:
    one, shared = (
        open_classifier(NetworkSettings(name=f"net.py:{name}")) for name in ("Net", "Shared")
    )
    assert one.num_params == shared.num_params == 7 * 28 * 28 + 7


def test_weights_come_back() -> None:
    module = build(REFERENCE)
    loaded = load_classifier(load_checkpoint(save("a.pt", REFERENCE, module)))
    pairs = zip(module.state_dict().values(), loaded.module.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    assert loaded.network == REFERENCE


def test_code_in_a_checkpoint_is_not_run_but_named() -> None:
    net = open_classifier(NetworkSettings(name="net.py:Net"))
    path = save("a.pt", "net.py:Net", net.module)
    Path("net.py").write_text("open('canary', 'w')")
    with pytest.raises(BadInput, match="got one in Python") as error:
        load_classifier(load_checkpoint(path))
    assert error.value.hint == "name the code: --network net.py:Net"
    assert not Path("canary").exists()


def test_code_that_the_user_names_takes_the_weights() -> None:
    net = open_classifier(NetworkSettings(name="net.py:Net"))
    path = save("a.pt", "net.py:Net", net.module)
    loaded = load_classifier(load_checkpoint(path), NetworkSettings(name="net.py:Net"))
    assert torch.equal(loaded.module.state_dict()["0.weight"], net.module.state_dict()["0.weight"])
    assert loaded.name == "Net"


@pytest.mark.parametrize("name", ["net.py:Net", "small.toml"])
def test_weights_of_another_network_are_refused(name: str) -> None:
    small = REFERENCE.model_copy(update={"name": "small", "blocks": REFERENCE.blocks[-4:]})
    Path("small.toml").write_text(small.to_toml())
    path = save("a.pt", REFERENCE, build(REFERENCE))
    with pytest.raises(BadInput, match=r"a\.pt: expected the weights of .*, got \d+ that differ"):
        load_classifier(load_checkpoint(path), NetworkSettings(name=name))


def test_a_bare_state_dict_takes_the_network_that_is_named() -> None:
    small = REFERENCE.model_copy(update={"name": "small", "blocks": REFERENCE.blocks[-4:]})
    Path("small.toml").write_text(small.to_toml())
    torch.save(build(small).state_dict(), "bare.pt")
    loaded = load_classifier(load_checkpoint(Path("bare.pt")), NetworkSettings(name="small.toml"))
    assert loaded.network == small


def test_trying_it_leaves_its_mode_and_statistics() -> None:
    module = build(REFERENCE).train()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    assert count_classes(Classifier("x", module, REFERENCE, None), (1, 28, 28)) == 10
    assert module.training
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())

"""Checkpoints: the forms that load, and files that must not."""

import itertools
import os
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint import find_checkpoint, load_checkpoint, open_network, save_checkpoint
from mnistops.data.normalization import Normalization
from mnistops.errors import BadInput, MissingInput, MnistopsError, UsageError
from mnistops.networks.build import build
from mnistops.networks.spec import Conv, GlobalAvgPool, NetworkSpec
from mnistops.networks.zoo import REFERENCE
from tests.seed_network import SeedNetwork

SMALL = NetworkSpec(
    name="small", blocks=(Conv(name="c", out_channels=3), GlobalAvgPool(name="gap"))
)


def ours(spec: NetworkSpec = SMALL, **changes: Any) -> dict[str, Any]:
    values = {"network": spec.to_values(), "state_dict": build(spec).state_dict()}
    return {"format_version": 1, **values, **changes}


HUGE = {
    "name": "huge",
    "input_size": [65536, 65536, 65536],
    "blocks": [{"name": "c", "type": "conv", "out_channels": 65536, "kernel_size": 65536}],
}


def save(path: Path, values: object) -> Path:
    torch.save(values, path)
    return path


def test_our_own_form(tmp_path: Path) -> None:
    path = save(tmp_path / "last.pt", ours())
    assert load_checkpoint(path).network == SMALL
    assert open_network(str(path)) == SMALL
    assert open_network(str(tmp_path)) == SMALL


@pytest.mark.parametrize("form", ["the seed's", "bare"])
def test_forms_of_the_original_code_hold_reference(tmp_path: Path, form: str) -> None:
    weights = SeedNetwork().state_dict()
    seeds = {"epoch": 12, "valid_loss_min": 0.01, "state_dict": weights, "optimizer": {"lr": 0.1}}
    path = save(tmp_path / "modelbest.pth", seeds if form == "the seed's" else weights)
    checkpoint = load_checkpoint(path)
    assert checkpoint.network == REFERENCE
    assert list(checkpoint.state_dict) == list(weights)


@pytest.mark.parametrize("number", [np.float64(0.25), np.float32(0.25), np.int64(3)])
def test_numbers_of_numpy_are_no_hindrance(tmp_path: Path, number: object) -> None:
    weights = SeedNetwork().state_dict()
    path = save(tmp_path / "seed.pt", {"valid_loss_min": number, "state_dict": weights})
    assert list(load_checkpoint(path).state_dict) == list(weights)


def test_what_is_saved_loads(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    module = build(SMALL)
    normalization = Normalization(0.25, 0.5)
    engine = {"engine": "native", "precision": "fp32", "threads": 2}
    save_checkpoint(path, SMALL, module, normalization, {"train": {"epochs": 3}}, 2, engine)
    checkpoint = load_checkpoint(path)
    assert (checkpoint.network, checkpoint.normalization) == (SMALL, normalization)
    assert checkpoint.settings == {"train": {"epochs": 3}}
    assert (checkpoint.engine, checkpoint.training) == (engine, None)
    for key, value in module.state_dict().items():
        assert torch.equal(checkpoint.state_dict[key], value)
    plain = torch.load(path, weights_only=True)
    assert plain["engine"] == engine
    assert plain["epoch"] == 2 and list(plain["state_dict"]) == list(module.state_dict())


def saved(path: Path, **training: Any) -> dict[str, Any]:
    """A checkpoint of ours, as the plain values that stand in it."""
    held = training or None
    save_checkpoint(path, SMALL, build(SMALL), Normalization(0.1, 0.3), {}, 0, {}, held)
    values: dict[str, Any] = torch.load(path, weights_only=True)
    return values


def test_what_a_run_goes_on_from_is_kept_with_it(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(3)
    saved(tmp_path / "last.pt", random={"order": generator.get_state()}, epochs=[{"loss": 0.5}])
    training = load_checkpoint(tmp_path / "last.pt").training
    assert training is not None and training["epochs"] == [{"loss": 0.5}]
    assert torch.equal(training["random"]["order"], generator.get_state())


def test_the_checkpoint_before_is_kept(tmp_path: Path) -> None:
    for step in range(3):
        saved(tmp_path / "last.pt", step=step)
    held = [load_checkpoint(tmp_path / name).training for name in ("last.pt", "previous.pt")]
    assert held == [{"step": 2}, {"step": 1}]
    assert {path.name for path in tmp_path.iterdir()} == {"last.pt", "previous.pt"}


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values["state_dict"]["c.1.weight"].add_(1e-7),
        lambda values: values["training"].update(step=6),
        lambda values: values["normalization"].update(std=0.30000000000000004),
        lambda values: values.update(epoch=1),
        lambda values: values.pop("digest"),
        lambda values: values.update(digest=None),
        lambda values: values.update(more=1),
        lambda values: values.update(odd={1, 2}),
    ],
)
def test_values_that_are_not_those_that_were_saved_are_found(tmp_path: Path, change: Any) -> None:
    values = saved(tmp_path / "last.pt", step=5)
    change(values)
    with pytest.raises(BadInput, match=r"odd.pt: expected (values of digest|plain values)"):
        load_checkpoint(save(tmp_path / "odd.pt", values))


@pytest.mark.parametrize(
    "held",
    [
        {"mean": 0.1},
        {"mean": float("nan"), "std": 0.3},
        {"mean": 0.1, "std": 0.0},
        {"mean": 0.1, "std": float("inf")},
        {"mean": 0.1, "std": -1.0},
        {"mean": torch.ones(2), "std": 0.3},
        [0.1, 0.3],
    ],
)
def test_what_cannot_be_normalised_with_is_refused(tmp_path: Path, held: object) -> None:
    path = save(tmp_path / "odd.pt", ours(normalization=held))
    with pytest.raises(
        BadInput, match=r"odd\.pt: expected a mean and a positive std of pixels, got"
    ):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.zeros(1).expand(1 << 20, 1 << 20), r"needs, got 4 bytes"),
        (torch.zeros(3).to_sparse(), "expected plain real numbers, got torch.sparse"),
        (torch.zeros(3, device="meta"), "expected plain real numbers, got"),
        (torch.zeros(3, dtype=torch.complex64), "expected plain real numbers, got"),
    ],
)
def test_a_tensor_is_what_the_file_holds(
    tmp_path: Path, tensor: torch.Tensor, message: str
) -> None:
    path = save(tmp_path / "odd.pt", {"state_dict": {"convblock1.0.weight": tensor}})
    with pytest.raises(BadInput, match=message):
        load_checkpoint(path)


def test_settings_are_sections_or_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"odd\.pt: expected settings by name, got 3"):
        load_checkpoint(save(tmp_path / "odd.pt", ours(settings=3)))


def test_a_built_ins_name_is_its_checkpoint_where_no_file_has_it() -> None:
    assert find_checkpoint(Path("tiny")) == bundled_checkpoint("tiny")
    Path("tiny").mkdir()
    Path("tiny/last.pt").touch()
    assert find_checkpoint(Path("tiny")) == Path("tiny/last.pt")


def test_a_network_in_python_is_saved_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    save_checkpoint(path, "net.py:Net", build(SMALL), Normalization(0.1, 0.3), {}, 0, {})
    assert load_checkpoint(path).network == "net.py:Net"


def test_weights_take_their_own_number_of_channels(tmp_path: Path) -> None:
    path = save(tmp_path / "last.pt", ours())
    assert open_network(str(path), channels=1) == SMALL
    with pytest.raises(BadInput, match="expected an input of 1 channels, as its weights have"):
        open_network(str(path), channels=3)


def test_a_run_folder_gives_its_best(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match=r"a run folder with best\.pt or last\.pt"):
        find_checkpoint(tmp_path)
    for name in (
        "last.pt",
        "modelbest_0.9_epoch_9.pt",
        "modelbest_0.9955_epoch_9.pt",
        "modelbest_0.9955_epoch_12.pt",
        "modelbest_x_epoch_1.pt",
        "modelbest_..._epoch_1.pt",
        "best.pt",
    ):
        (tmp_path / name).touch()
    assert find_checkpoint(tmp_path).name == "best.pt"
    (tmp_path / "best.pt").unlink()
    assert find_checkpoint(tmp_path).name == "modelbest_0.9955_epoch_12.pt"
    for path in tmp_path.glob("modelbest_*"):
        path.unlink()
    assert find_checkpoint(tmp_path).name == "last.pt"


class Canary:
    """A pickle of this makes a file when it is read without care."""

    def __reduce__(self) -> Any:
        return (os.mkdir, ("canary",))


@pytest.mark.parametrize("place", ["top", "state_dict", "network", "weight", "beside"])
def test_nothing_in_a_file_runs(tmp_path: Path, place: str) -> None:
    values: Any = ours()
    match place:
        case "top":
            values = Canary()
        case "weight":
            values["state_dict"]["c.0.weight"] = Canary()
        case _:
            values[place] = Canary()
    path = save(tmp_path / "evil.pt", values)
    with pytest.raises(BadInput, match="expected a checkpoint of plain tensors"):
        load_checkpoint(path)
    assert not Path("canary").exists()


def test_the_environment_cannot_loosen_the_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    path = save(tmp_path / "evil.pt", {**ours(), "beside": Canary()})
    with pytest.raises(BadInput):
        load_checkpoint(path)
    assert not Path("canary").exists()


def legacy(path: Path) -> None:
    torch.save(ours(), path, _use_new_zipfile_serialization=False)


def some_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")


@pytest.mark.parametrize(
    ("write", "kind", "message"),
    [
        (lambda _: None, MissingInput, "got no such file"),
        (lambda p: p.write_bytes(b""), BadInput, "as torch.save writes it"),
        (lambda p: p.write_text("<html>"), BadInput, "as torch.save writes it"),
        (legacy, BadInput, "as torch.save writes it"),
        (some_zip, BadInput, "expected a checkpoint of plain tensors"),
        (lambda p: save(p, [1]), BadInput, "expected a checkpoint, got list"),
        (lambda p: save(p, {}), BadInput, "tensors by name"),
        (lambda p: save(p, {"state_dict": {"a": 1}}), BadInput, "tensors by name"),
        (lambda p: save(p, {"state_dict": 1}), BadInput, "tensors by name"),
        (lambda p: save(p, ours(format_version=3)), BadInput, "an older one, got 3"),
        (lambda p: save(p, ours(format_version=0)), BadInput, "an older one, got 0"),
        (lambda p: save(p, ours(format_version=True)), BadInput, "an older one, got True"),
        (
            lambda p: save(p, ours(format_version=torch.ones(3))),
            BadInput,
            "an older one, got tensor",
        ),
        (lambda p: save(p, ours(network=HUGE)), BadInput, "got one too large"),
        (
            lambda p: save(p, ours(network={"name": "n"})),
            BadInput,
            "expected a key 'blocks', got none",
        ),
        (lambda p: save(p, ours(network=7)), BadInput, "expected"),
        (
            lambda p: save(p, {"c.0.weight": torch.zeros(1)}),
            BadInput,
            "expected the weights of reference, got",
        ),
    ],
)
def test_what_is_no_checkpoint(
    tmp_path: Path, write: Any, kind: type[MnistopsError], message: str
) -> None:
    path = tmp_path / "some.pt"
    write(path)
    with pytest.raises(kind) as error:
        open_network(str(path))
    assert message in error.value.message
    assert str(path) in error.value.message


def test_weights_of_another_network_are_listed(tmp_path: Path) -> None:
    weights = build(SMALL).state_dict()
    weights["c.0.weight"] = torch.zeros(3, 1, 5, 5)
    weights["c.9.weight"] = torch.zeros(2)
    del weights["c.1.bias"]
    path = save(tmp_path / "odd.pt", ours(state_dict=weights))
    with pytest.raises(BadInput) as error:
        open_network(str(path))
    assert "got 3 that differ" in error.value.message
    assert "c.0.weight (3, 1, 5, 5) for (3, 1, 3, 3)" in error.value.message
    assert "c.1.bias missing for (3,)" in error.value.message
    assert "c.9.weight (2,) for none" in error.value.message


@given(st.floats(0, 1, exclude_max=True))
def test_cut_anywhere_is_no_checkpoint(cut: float) -> None:
    path = save(Path("cut.pt"), ours())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(cut * len(whole))])
    with pytest.raises(BadInput):
        load_checkpoint(path)


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    path = save(tmp_path / "flip.pt", ours())
    whole = bytearray(path.read_bytes())
    weight = build(SMALL).state_dict()["c.1.weight"].numpy().tobytes()  # all ones
    whole[whole.index(weight)] ^= 1
    path.write_bytes(whole)
    with pytest.raises(BadInput, match="got a wrong checksum in "):
        load_checkpoint(path)


def test_a_network_in_python_is_named_and_not_run(tmp_path: Path) -> None:
    path = save(tmp_path / "last.pt", ours(network="my_net.py:Net"))
    Path("my_net.py").write_text("open('canary', 'w')")
    with pytest.raises(BadInput) as error:
        open_network(str(path))
    assert error.value.hint == "name the code itself: my_net.py:Net"
    assert not Path("canary").exists()


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("refrence", UsageError, "got an unknown name"),
        ("net.py", BadInput, "expected file.py:NAME, got no name"),
        ("net.py:Net", MissingInput, "net.py: expected a Python file, got no such file"),
        ("net.toml", MissingInput, "net.toml: expected a TOML file"),
        ("some/where", MissingInput, "expected a checkpoint or a run folder"),
        ("model.pth", MissingInput, "expected a checkpoint or a run folder"),
    ],
)
def test_what_cannot_be_opened(source: str, kind: type[MnistopsError], message: str) -> None:
    with pytest.raises(kind) as error:
        open_network(source)
    assert message in error.value.message


def test_a_built_in_goes_before_a_file_of_its_name() -> None:
    Path("reference").mkdir()
    assert open_network("reference") is REFERENCE


def test_one_that_a_gpu_saved_is_read_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = ours()
    with monkeypatch.context() as patch:
        patch.setattr("torch.serialization.location_tag", lambda _: "cuda:0")
        path = save(tmp_path / "last.pt", values)
    with zipfile.ZipFile(path) as file:
        assert b"cuda:0" in file.read("last/data.pkl")
    loaded = load_checkpoint(path).state_dict
    assert all(torch.equal(loaded[key], value) for key, value in values["state_dict"].items())
    assert {value.device.type for value in loaded.values()} == {"cpu"}


def test_one_that_is_read_while_it_is_saved_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    path, module = tmp_path / "last.pt", build(SMALL)
    done = threading.Event()

    def save_all_as(number: int) -> None:
        for values in module.state_dict().values():
            values.fill_(number)
        save_checkpoint(path, SMALL, module, Normalization(0.0, 1.0), {}, 0, {})

    def save_again_and_again() -> None:
        for number in itertools.cycle((1, 0)):
            save_all_as(number)
            if done.is_set():
                break

    save_all_as(0)
    seen: set[float] = set()
    with ThreadPoolExecutor(1) as pool:
        saving = pool.submit(save_again_and_again)
        for _ in range(100):
            held = [
                sorted(set(values.flatten().tolist()))
                for values in load_checkpoint(path).state_dict.values()
            ]
            assert held in ([[0]] * len(held), [[1]] * len(held))
            seen |= {held[0][0]}
        done.set()
        saving.result()
    assert seen == {0, 1}

"""The original: what it takes, what it computes, what is told of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import mnistops
from mnistops.errors import BadInput, NotFinite
from mnistops.exports.original import BATCH_SIZES
from mnistops.networks.spec import NetworkSpec
from tests.exports.made_originals import NORMALIZATION, made_original
from tests.training.benches import PLAIN


def test_it_takes_normalised_images_or_pixels_and_computes_the_same() -> None:
    plain, pixels = made_original(), made_original(takes_pixels=True)
    images = torch.rand(3, 1, 28, 28)
    expected = plain.classifier.module(NORMALIZATION(images))
    assert not plain.module.training and not pixels.classifier.module.training
    assert torch.equal(plain.module(NORMALIZATION(images)), expected)
    assert torch.equal(pixels.module(images), expected)
    assert (plain.image_size, plain.num_classes) == ((1, 28, 28), 10)


@pytest.mark.parametrize("takes_pixels", [False, True])
def test_it_is_tried_with_bytes_of_noise(takes_pixels: bool) -> None:
    original = made_original(takes_pixels)
    trials = list(original.trials())
    assert [len(trial.images) for trial in trials] == list(BATCH_SIZES)
    images = trials[-1].images
    pixels = images if takes_pixels else images * NORMALIZATION.std + NORMALIZATION.mean
    levels = pixels * 255
    assert torch.allclose(levels, levels.round(), atol=1e-3)
    assert 0 <= levels.min() < 5 and 250 < levels.max() <= 255.001
    assert trials[-1].outputs.shape == (128, 10)
    again = list(original.trials())
    assert all(torch.equal(a.images, b.images) for a, b in zip(trials, again, strict=True))


def test_nobody_elses_random_numbers_are_touched() -> None:
    before = torch.get_rng_state()
    list(made_original().trials())
    assert torch.equal(torch.get_rng_state(), before)


def test_its_weights_have_the_networks_own_names() -> None:
    assert list(made_original(takes_pixels=True).weights) == list(made_original().weights)
    assert "first.0.weight" in made_original().weights


def test_facts_tell_the_names_of_classes_where_there_are_any() -> None:
    names = ("zéro", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    named = replace(made_original(), class_names=names)
    assert json.loads(named.facts["class_names"]) == list(names)
    assert "class_names" not in made_original().facts


def test_facts_are_text_and_name_no_path() -> None:
    facts = made_original(takes_pixels=True).facts
    assert facts["mnistops"] == mnistops.__version__
    assert (facts["network"], facts["num_classes"]) == ("plain", "10")
    assert (float(facts["mean"]), float(facts["std"])) == (0.25, 0.5)
    assert facts["input"] == "pixels in 0..1"
    assert NetworkSpec.from_toml(facts["spec"], "facts") == PLAIN
    assert made_original().facts["input"] == "(pixels in 0..1 - mean) / std"
    facts = made_original(network=f"{Path.cwd()}/net.py:Net").facts
    assert facts["network"] == "Net" and "spec" not in facts
    assert str(Path.cwd()) not in str(facts)


def test_outputs_that_are_no_numbers_are_a_verdict() -> None:
    with pytest.raises(NotFinite, match="NoNumber: expected numbers as outputs"):
        list(made_original(network="net.py:NoNumber").trials())


def test_a_network_that_fails_is_told_by_its_own_line() -> None:
    with pytest.raises(BadInput, match="Fixed: expected it to run, got RuntimeError") as error:
        list(made_original(network="net.py:Fixed").trials())
    assert "net.py, line" in (error.value.hint or "")


def test_what_a_network_prints_is_no_result(capsys: pytest.CaptureFixture[str]) -> None:
    list(made_original(network="net.py:Net").trials())
    out, err = capsys.readouterr()
    assert out == "" and "noise" in err

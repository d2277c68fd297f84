"""The built-in networks."""

import pytest

from mnistops.analysis.lower import lower
from mnistops.analysis.receptive_field import receptive_fields
from mnistops.analysis.summary import summarize_graph
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.zoo import BEST, REFERENCE, SEPARABLE, SMALL, TINY, ZOO


def num_params(spec: NetworkSpec) -> int:
    return summarize_graph(lower(spec)).total_params


def test_names_are_keys() -> None:
    assert {name: spec.name for name, spec in ZOO.items()} == {name: name for name in ZOO}


def test_reference_is_the_seeds() -> None:
    convolutions = [b for b in REFERENCE.blocks if b.type == "conv"]
    assert [b.out_channels for b in convolutions] == [10, 10, 15, 10, 10, 10, 10]
    assert [b.dilation[0] for b in convolutions] == [1, 1, 1, 1, 2, 2, 2]
    assert not any(b.bias for b in convolutions)
    assert REFERENCE.dropout == 0.03


def test_each_keeps_its_budget() -> None:
    assert num_params(REFERENCE) == 5340 >= num_params(SEPARABLE)
    assert num_params(BEST) <= 5340
    assert num_params(SMALL) <= 3000
    assert num_params(TINY) < 1000


@pytest.mark.parametrize("spec", [SEPARABLE, SMALL, TINY], ids=lambda spec: spec.name)
def test_the_convolutions_see_most_of_the_digit(spec: NetworkSpec) -> None:
    last = [field for field in receptive_fields(lower(spec)) if "convblock" in field.path][-1]
    assert min(last.size or ()) >= 20


def test_a_dilated_block_is_the_third_of_tiny() -> None:
    dilated = [b.name for b in TINY.blocks if b.type == "conv" and b.dilation != (1, 1)]
    assert dilated == ["convblock3_depthwise"]

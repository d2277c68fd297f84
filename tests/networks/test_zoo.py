"""The built-in networks."""

from mnistops.networks.zoo import REFERENCE, ZOO


def test_names_are_keys() -> None:
    assert {name: spec.name for name, spec in ZOO.items()} == {name: name for name in ZOO}


def test_reference_is_the_seeds() -> None:
    convolutions = [b for b in REFERENCE.blocks if b.type == "conv"]
    assert [b.out_channels for b in convolutions] == [10, 10, 15, 10, 10, 10, 10]
    assert [b.dilation[0] for b in convolutions] == [1, 1, 1, 1, 2, 2, 2]
    assert not any(b.bias for b in convolutions)
    assert REFERENCE.dropout == 0.03

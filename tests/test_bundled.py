"""The trained weights that come with mnistops: one for each of the zoo, and what they reach."""

import pytest

from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint import load_checkpoint
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.zoo import ZOO


@pytest.mark.parametrize("spec", ZOO.values(), ids=lambda spec: spec.name)
def test_each_of_the_zoo_has_its_own(spec: NetworkSpec) -> None:
    path = bundled_checkpoint(spec.name)
    checkpoint = load_checkpoint(path)
    assert checkpoint.network == spec.changed(dropout=0.0)
    assert path.stat().st_size < 50_000
    assert checkpoint.settings["seed"] == 0
    assert checkpoint.normalization.mean == pytest.approx(0.1306604762738429)
    assert checkpoint.normalization.std == pytest.approx(0.30810780385646264)

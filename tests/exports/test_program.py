"""A network as a graph, or why it cannot be one."""

import logging

import pytest
import torch

from mnistops.errors import BadInput
from mnistops.exports.program import trace
from tests.exports.made_originals import NORMALIZATION, made_original


def test_it_computes_the_same_for_any_number_of_images() -> None:
    original = made_original(takes_pixels=True)
    program = trace(original)
    for number in (1, 3, 50):
        images = torch.rand(number, 1, 28, 28)
        expected = original.classifier.module(NORMALIZATION(images))
        assert torch.equal(program.module()(images), expected)


def test_it_names_no_file_of_this_machine() -> None:
    for node in trace(made_original()).graph.nodes:
        assert "stack_trace" not in node.meta and ".py" not in str(node.meta)


@pytest.mark.parametrize("name", ["Decides", "Loops"])
def test_what_is_not_alike_for_all_images_is_refused(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    original = made_original(network=f"net.py:{name}")
    capfd.readouterr()
    with pytest.raises(BadInput, match=f"{name} as a graph: expected it to run, got") as error:
        trace(original)
    hint = error.value.hint or ""
    assert hint.startswith("it must run alike for all images, and for any number of them: see ")
    assert name == "Loops" or "net.py, line 28, in forward: if images.mean() > 0.5:" in hint
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == logging.NOTSET

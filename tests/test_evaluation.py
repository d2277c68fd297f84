"""Evaluation, against counting by hand."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mnistops.data.images import ImageSet
from mnistops.data.normalization import Normalization
from mnistops.errors import BadInput, NotFinite, OutOfResources
from mnistops.evaluation import BatchEvaluated, evaluate, evaluate_in_batches
from mnistops.events import result_of
from mnistops.networks.build import build
from mnistops.networks.zoo import REFERENCE
from tests.made_data import made_set

PLAIN = Normalization(0.0, 1.0)


class Table(nn.Module):
    """Gives back outputs that are written into the images' first pixels."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, 0, 0, :] * 255 / 10


def told(outputs: list[list[int]], labels: list[int]) -> ImageSet:
    """Images (N, 1, 1, classes) that `Table` answers with ``outputs`` / 10."""
    images = torch.tensor(outputs, dtype=torch.uint8).reshape(len(labels), 1, 1, -1)
    return ImageSet(images, torch.tensor(labels))


def test_mistakes_are_counted_and_the_least_confident_stand_first() -> None:
    images = told([[9, 0, 0], [90, 0, 0], [20, 0, 9], [0, 0, 9], [0, 40, 0]], [0, 1, 1, 0, 0])
    result = evaluate(Table(), images, PLAIN)
    assert [(m.index, m.actual, m.predicted) for m in result.mistakes] == [
        (3, 0, 2),
        (2, 1, 0),
        (4, 0, 1),
        (1, 1, 0),
    ]
    assert result.num_images == 5 and result.num_errors == 4
    assert result.accuracy == 0.2
    assert result.confusion == ((1, 1, 1), (2, 0, 0), (0, 0, 0))
    assert result.mistakes[0].confidence == pytest.approx(math.e**0.9 / (math.e**0.9 + 2))
    assert result.mistakes[-1].confidence == pytest.approx(math.e**9 / (math.e**9 + 2))


def test_the_five_likeliest_classes_of_a_mistake_begin_with_the_predicted_one() -> None:
    images = told([[0, 30, 10, 20, 30, 5, 0]], [5])
    (mistake,) = evaluate(Table(), images, PLAIN).mistakes
    # Of classes as likely as each other the first stands first, as in what is predicted.
    assert [label for label, _ in mistake.likeliest] == [1, 4, 3, 2, 5]
    total = sum(math.e ** (value / 10) for value in [0, 30, 10, 20, 30, 5, 0])
    expected = [math.e ** (value / 10) / total for value in [30, 30, 20, 10, 5]]
    assert [share for _, share in mistake.likeliest] == pytest.approx(expected, rel=1e-5)


def test_of_few_classes_all_are_told() -> None:
    images = told([[9, 0, 3]], [1])
    (mistake,) = evaluate(Table(), images, PLAIN).mistakes
    assert [label for label, _ in mistake.likeliest] == [0, 2, 1]
    assert sum(share for _, share in mistake.likeliest) == pytest.approx(1)


def test_each_class_by_itself() -> None:
    images = told([[9, 0, 0], [9, 0, 0], [0, 9, 0], [0, 9, 0]], [0, 1, 1, 1])
    zero, one, two = evaluate(Table(), images, PLAIN).per_class
    assert (zero.num_images, zero.num_errors, zero.recall, zero.precision) == (1, 0, 1.0, 0.5)
    assert (one.num_images, one.num_errors, one.recall, one.precision) == (3, 1, 2 / 3, 1.0)
    assert (two.num_images, two.recall, two.precision) == (0, None, None)


@given(st.data())
def test_counts_and_loss_are_torchs(data: st.DataObject) -> None:
    num_images = data.draw(st.integers(1, 40))
    num_classes = data.draw(st.integers(2, 12))
    seed = data.draw(st.integers(0, 1000))
    generator = torch.Generator().manual_seed(seed)
    outputs = torch.randint(0, 256, (num_images, num_classes), generator=generator)
    labels = torch.randint(0, num_classes, (num_images,), generator=generator)
    images = told(outputs.tolist(), labels.tolist())
    result = result_of(
        evaluate_in_batches(Table(), images, PLAIN, batch_size=data.draw(st.integers(1, 50)))
    )
    assert result.num_errors == (outputs.argmax(1) != labels).sum()
    assert sum(map(sum, result.confusion)) == num_images
    assert sum(row.num_errors for row in result.per_class) == result.num_errors
    expected = nn.functional.cross_entropy(outputs.double() / 10, labels)
    assert result.loss == pytest.approx(expected.item(), rel=1e-5, abs=1e-6)
    confidences = [mistake.confidence for mistake in result.mistakes]
    assert confidences == sorted(confidences)
    for mistake in result.mistakes:
        assert mistake.likeliest[0] == (mistake.predicted, mistake.confidence)
        values, _ = (outputs[mistake.index] / 10).double().softmax(0).sort(descending=True)
        shares = [share for _, share in mistake.likeliest]
        assert shares == pytest.approx(values[:5].tolist(), rel=1e-4, abs=1e-12)


@pytest.mark.parametrize("batch_size", [1, 7, 64, 999, 5000])
def test_the_batch_size_changes_nothing(batch_size: int) -> None:
    torch.manual_seed(0)
    network, images = build(REFERENCE), made_set(300)
    whole = evaluate(network, images, PLAIN)
    result = result_of(evaluate_in_batches(network, images, PLAIN, batch_size=batch_size))
    assert result.confusion == whole.confusion
    assert {m.index for m in result.mistakes} == {m.index for m in whole.mistakes}
    assert result.loss == pytest.approx(whole.loss, rel=1e-5)


def test_images_are_normalised() -> None:
    images = told([[255, 0]], [1])
    flat = evaluate(Table(), images, Normalization(0.5, 1000.0))
    # (1 - 0.5)/1000 and (0 - 0.5)/1000, times 25.5.
    assert flat.mistakes[0].confidence == pytest.approx(1 / (1 + math.e ** (-25.5 / 1000)))


def test_log_probabilities_and_logits_come_to_the_same() -> None:
    images = made_set(40)
    torch.manual_seed(0)
    network = build(REFERENCE.model_copy(update={"output": "logits"}))
    logs = build(REFERENCE)
    logs.load_state_dict(network.state_dict())
    first, second = (evaluate(module, images, PLAIN) for module in (network, logs))
    assert first.confusion == second.confusion
    assert first.loss == pytest.approx(second.loss)


def test_mode_and_gradients_are_left_alone() -> None:
    network = build(REFERENCE).train()
    statistics = network.state_dict()["convblock1.1.running_mean"].clone()
    evaluate(network, made_set(20), PLAIN)
    assert network.training
    assert torch.equal(network.state_dict()["convblock1.1.running_mean"], statistics)
    assert all(parameter.grad is None for parameter in network.parameters())


CONV: Any = torch.backends.cudnn.conv  # type: ignore[attr-defined]


class Precise(nn.Module):
    """Notes with what precision CUDA would convolve."""

    seen = ""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen = CONV.fp32_precision
        return images.flatten(1)


def test_it_is_whole_float32_and_what_others_set_comes_back() -> None:
    network, before = Precise(), CONV.fp32_precision
    evaluate(network, told([[1, 2]], [0]), PLAIN)
    assert network.seen == "ieee"
    assert CONV.fp32_precision == before


def test_batches_are_told() -> None:
    steps = list(evaluate_in_batches(build(REFERENCE), made_set(25), PLAIN, batch_size=10))
    assert steps == [BatchEvaluated(done, 25) for done in (10, 20, 25)]


def test_outputs_that_are_no_numbers_are_said_to_be() -> None:
    network = build(REFERENCE)
    network.state_dict()["convblock7.0.weight"].fill_(math.nan)
    with pytest.raises(NotFinite, match="nan or infinite ones for 20 of 20 images"):
        evaluate(network, made_set(20), PLAIN)


def test_a_network_that_fails_is_the_users(capsys: pytest.CaptureFixture[str]) -> None:
    class Odd(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            print("hello")
            return images @ images.mT.mT.flatten()

    with pytest.raises(BadInput, match=r"^Odd: expected it to run, got RuntimeError"):
        evaluate(Odd(), made_set(20), PLAIN)
    assert capsys.readouterr().out == ""


def test_outputs_of_another_shape_are_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Table, "forward", lambda _, images: images[1:, 0, 0, :])
    with pytest.raises(BadInput, match=r"Table: expected outputs \(N, classes\), .* got the shape"):
        evaluate(Table(), told([[9, 0, 0], [90, 0, 0]], [0, 1]), PLAIN)


def test_a_batch_that_is_too_much_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Table, "forward", lambda *_: torch.empty(10**15))
    images = told([[9, 0, 0], [90, 0, 0], [20, 0, 9]], [0, 1, 1])
    with pytest.raises(OutOfResources, match=r"^a batch of 2 images: expected enough memory"):
        result_of(evaluate_in_batches(Table(), images, PLAIN, batch_size=2))


@pytest.mark.gpu
def test_a_gpu_finds_the_same() -> None:
    torch.manual_seed(0)
    network, images = build(REFERENCE), made_set(200)
    here = evaluate(network, images, PLAIN)
    device = torch.device("cuda", 0)
    there = evaluate(network.to(device), images.to(device), PLAIN)
    assert there.loss == pytest.approx(here.loss, rel=1e-5)
    assert [m.index for m in there.mistakes] == [m.index for m in here.mistakes]

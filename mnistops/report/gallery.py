"""The gallery of mistakes: which of them a page shows, each as a card with its picture."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnistops.report.png import ink, png_uri

if TYPE_CHECKING:
    from mnistops.data.images import ImageSet
    from mnistops.evaluation import Mistake
    from mnistops.validation import SplitDone

MOST_CARDS = 500
"""With more, a page would take long to load, and nobody looks at them all."""

MOST_PAIRS = 60
"""Of classes taken for each other, in the list that stands for a matrix of very many classes."""

DARK = 32
"""Images whose edges are mostly darker than this grey show something bright on black: ink."""


@dataclass(frozen=True)
class Card:
    """One mistake, and its picture as a data URI."""

    mistake: "Mistake"
    picture: str


@dataclass(frozen=True)
class Pair:
    """So many images of one class are taken for another."""

    actual: int
    predicted: int
    count: int


@dataclass(frozen=True)
class Gallery:
    """The mistakes of one split.

    Attributes:
        cards: the most confident first, at most 500.
        pairs: classes that are taken for each other, the most often first, at most 60.
        num_pairs: that there are in all.
        taken_for: images of other classes that are taken for each class.
        is_ink: whether the pictures are black ink without a ground.
    """

    done: "SplitDone"
    cards: tuple[Card, ...]
    pairs: tuple[Pair, ...]
    num_pairs: int
    taken_for: tuple[int, ...]
    is_ink: bool


def gallery_of(done: "SplitDone") -> Gallery:
    """The mistakes of a split; of too many, those of each pair of classes in turns."""
    is_ink = _is_ink(done.images)
    result = done.result
    pairs = [
        Pair(actual, predicted, count)
        for actual, row in enumerate(result.confusion)
        for predicted, count in enumerate(row)
        if count and actual != predicted
    ]
    pairs.sort(key=lambda pair: -pair.count)
    chosen = sorted(_chosen(result.mistakes, pairs), key=lambda mistake: -mistake.confidence)
    cards = tuple(Card(mistake, _picture(done.images, mistake.index, is_ink)) for mistake in chosen)
    wrong = Counter(mistake.predicted for mistake in result.mistakes)
    taken_for = tuple(wrong[label] for label in range(len(result.confusion)))
    return Gallery(done, cards, tuple(pairs[:MOST_PAIRS]), len(pairs), taken_for, is_ink)


def _chosen(mistakes: "Iterable[Mistake]", pairs: Sequence[Pair]) -> "list[Mistake]":
    """At most 500: of each pair, in this order, the most confident, then the next, and so on."""
    place = {(pair.actual, pair.predicted): number for number, pair in enumerate(pairs)}
    ranks: Counter[int] = Counter()
    ranked = []
    for mistake in sorted(mistakes, key=lambda mistake: -mistake.confidence):
        pair = place[mistake.actual, mistake.predicted]
        ranked.append((ranks[pair], pair, mistake))
        ranks[pair] += 1
    ranked.sort(key=lambda item: item[:2])
    return [mistake for *_, mistake in ranked[:MOST_CARDS]]


def _is_ink(images: "ImageSet") -> bool:
    pixels = images.images[:1000, 0]
    edges = [pixels[:, [0, -1], :], pixels[:, :, [0, -1]]]
    return float(np.median(np.concatenate([edge.numpy().ravel() for edge in edges]))) < DARK


def _picture(images: "ImageSet", index: int, is_ink: bool) -> str:
    pixels = images.images[index, 0].numpy()
    return png_uri(ink(pixels) if is_ink else pixels)

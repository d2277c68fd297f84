"""The gallery: which mistakes a page shows, in which order, and what their pictures show."""

from collections import Counter
from dataclasses import replace

import numpy as np
import torch

from mnistops.data.images import ImageSet
from mnistops.report import gallery
from mnistops.report.gallery import gallery_of
from mnistops.validation import SplitDone
from tests.dossiers import made_split
from tests.report.test_png import image_of


def with_images(done: SplitDone, images: torch.Tensor) -> SplitDone:
    return replace(done, images=ImageSet(images, done.images.labels))


def test_all_mistakes_are_shown_the_most_confident_first() -> None:
    done = made_split(30)
    shown = [card.mistake for card in gallery_of(done).cards]
    assert shown == sorted(done.result.mistakes, key=lambda mistake: -mistake.confidence)


def test_of_too_many_each_pair_of_classes_has_its_most_confident() -> None:
    done = made_split(9000)
    shown = [card.mistake for card in gallery_of(done).cards]
    assert len(shown) == gallery.MOST_CARDS
    counts = Counter((mistake.actual, mistake.predicted) for mistake in shown)
    # 500 of 90 pairs: five of each, and a sixth of some.
    assert len(counts) == 90 and set(counts.values()) == {5, 6}
    for (actual, predicted), count in counts.items():
        of_pair = [
            mistake.confidence
            for mistake in done.result.mistakes
            if (mistake.actual, mistake.predicted) == (actual, predicted)
        ]
        chosen = [m.confidence for m in shown if (m.actual, m.predicted) == (actual, predicted)]
        assert chosen == sorted(of_pair, reverse=True)[:count]


def test_a_rare_pair_is_shown_beside_one_of_many() -> None:
    done = made_split(2)
    rare, other = done.result.mistakes
    many = (replace(rare, confidence=0.1), *(replace(other, confidence=0.9),) * 700)
    shown = gallery_of(replace(done, result=replace(done.result, mistakes=many))).cards
    assert sum(card.mistake.actual == rare.actual for card in shown) == 1


def test_bright_things_on_black_are_ink() -> None:
    images = torch.zeros(200, 1, 28, 28, dtype=torch.uint8)
    images[:, :, 4:24, 4:24] = 250
    drawn = gallery_of(with_images(made_split(3), images))
    assert drawn.is_ink
    pixels = np.asarray(image_of(drawn.cards[0].picture))
    assert np.array_equal(pixels[..., 1], images[0, 0].numpy())
    assert not pixels[..., 0].any()


def test_other_images_stay_as_they_are() -> None:
    images = torch.full((200, 1, 20, 30), 180, dtype=torch.uint8)
    images[:, :, 5:9] = 10
    drawn = gallery_of(with_images(made_split(3), images))
    assert not drawn.is_ink
    assert np.array_equal(np.asarray(image_of(drawn.cards[0].picture)), images[0, 0].numpy())


def test_a_picture_is_of_its_own_image() -> None:
    images = torch.zeros(200, 1, 4, 4, dtype=torch.uint8)
    images[:, 0, 1, 1] = torch.arange(200)
    for card in gallery_of(with_images(made_split(30), images)).cards:
        assert np.asarray(image_of(card.picture))[1, 1, 1] == card.mistake.index


def test_pairs_are_counted_the_most_often_first() -> None:
    found = gallery_of(made_split(9000, num_classes=40))
    assert found.num_pairs == 40 * 39
    assert len(found.pairs) == gallery.MOST_PAIRS
    counts = [pair.count for pair in found.pairs]
    assert counts == sorted(counts, reverse=True)
    assert all(pair.actual != pair.predicted for pair in found.pairs)
    shown = {(card.mistake.actual, card.mistake.predicted) for card in found.cards}
    assert shown >= {(pair.actual, pair.predicted) for pair in found.pairs}


def test_without_a_mistake_there_is_nothing_to_show() -> None:
    found = gallery_of(made_split(0))
    assert (found.cards, found.pairs, found.num_pairs) == ((), (), 0)
    assert found.taken_for == (0,) * 10


def test_what_is_taken_for_a_class_is_counted_by_columns() -> None:
    done = made_split(37)
    columns = zip(*done.result.confusion, strict=True)
    expected = [sum(column) - column[label] for label, column in enumerate(columns)]
    assert list(gallery_of(done).taken_for) == expected

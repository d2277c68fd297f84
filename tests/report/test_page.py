"""The page of a report: what it says, and that nothing that it is told of becomes markup."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mnistops.dossier import Choice, Dossier
from mnistops.report.gallery import MOST_CARDS
from mnistops.report.page import page_of, write_page
from tests.dossiers import EPOCHS, RUN, made_dossier, made_picture, made_split

NAMES = ("T-shirt/top", "<b>bag</b>", "&amp;")

VOID = {"meta", "link", "img", "br", "input"}
HOSTILE = "</script></style><img src=x onerror=alert(1)>\"' --><b>&amp;{{ 7 * 7 }}"


class Parsed(HTMLParser):
    """A page's elements and texts, once its elements are known to be closed in turn."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(page.decode())
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._open[-1] if self._open else "", data.strip()))

    def of(self, tag: str, words: str = "") -> list[dict[str, str]]:
        """Attributes of the elements with this tag whose class has these words."""
        wanted = set(words.split())
        return [
            a for t, a in self.elements if t == tag and wanted <= set(a.get("class", "").split())
        ]

    def ids(self) -> list[str]:
        return [a["id"] for _, a in self.elements if "id" in a]

    def said(self, *tags: str) -> list[str]:
        return [text for tag, text in self.texts if not tags or tag in tags]


def parsed(dossier: Dossier) -> Parsed:
    return Parsed(page_of(dossier))


def test_it_begins_with_the_numbers() -> None:
    page = parsed(made_dossier(made_split(30)))
    figures = list(zip(page.said("dd"), page.said("dt"), strict=False))
    values = page.said("dd", "small")
    assert values[values.index("99.70 %") :][:8] == [
        "99.70 %",
        "target 99.30 %: reached",
        "30",
        "940",
        "3.8 kB in float32",
        "124,308",
        "for one image",
        "3 min 12 s",
    ]
    assert figures[0] == ("mnist", "data")
    assert "accuracy on 10,000 test images" in page.said("dt")
    assert (values[1], values[4]) == ("one-cycle, 3 epochs", "2026-01-02 03:04 UTC")


def test_the_images_that_were_trained_on_come_second() -> None:
    page = parsed(made_dossier(made_split(5, split="train"), made_split(30)))
    assert [name for name in page.ids() if name in ("test", "train")] == ["test", "train"]
    assert "99.95 % on train, target 99.30 %: reached" in page.said("small")


def test_the_matrix_has_a_cell_for_each_pair_and_a_button_for_each_mistake() -> None:
    done = made_split(30)
    page = parsed(made_dossier(done))
    counts = done.result.confusion
    buttons = {
        (int(a["data-actual"]), int(a["data-predicted"]))
        for a in page.of("button")
        if a.get("data-actual")
    }
    assert buttons == {
        (row, column)
        for row in range(10)
        for column in range(10)
        if counts[row][column] and row != column
    }
    assert len(page.of("td", "right")) == 10
    assert len(page.of("td", "none")) == 90 - len(buttons)
    assert [int(text) for text in page.said("button") if text.isdecimal()] == [
        counts[row][column] for row, column in sorted(buttons)
    ]


def test_each_mistake_is_a_card_with_its_picture_and_its_likeliest_classes() -> None:
    done = made_split(30)
    page = parsed(made_dossier(done))
    cards = page.of("li", "card")
    assert len(cards) == len(page.of("img")) == 30
    worst = max(done.result.mistakes, key=lambda mistake: mistake.confidence)
    assert cards[0] == {
        "class": "card",
        "data-actual": str(worst.actual),
        "data-predicted": str(worst.predicted),
        "data-confidence": str(worst.confidence),
    }
    assert len(page.of("li", "taken")) == 30
    bars = [a["style"] for a in page.of("i") if "style" in a]
    assert len(bars) == 150
    assert bars[0] == f"width:{round(100 * worst.confidence, 1)}%"


def test_of_too_many_mistakes_it_says_how_many_it_holds() -> None:
    page = parsed(made_dossier(made_split(9000)))
    assert len(page.of("li", "card")) == MOST_CARDS
    text = " ".join(page.said())
    assert "9,000 of 10,000 images are taken for another class" in text
    assert "This page holds 500 of them" in text
    assert len(page_of(made_dossier(made_split(9000)))) < 1_500_000


def test_without_a_mistake_it_says_so() -> None:
    page = parsed(made_dossier(made_split(0)))
    assert "No mistake: every image is recognised." in page.said("p")
    assert not page.of("form") and not page.of("li", "card")
    assert "100.00 %" in page.said("dd")


def test_very_many_classes_have_a_list_of_pairs_in_place_of_a_matrix() -> None:
    page = parsed(made_dossier(made_split(3000, num_classes=200)))
    assert not page.of("table", "matrix")
    assert len(page.of("ol", "pairs")) == 1
    assert len([a for a in page.of("button") if a.get("data-actual")]) == 60
    assert "All 200 classes" in page.said("summary")


@pytest.mark.parametrize(("num_classes", "is_small"), [(16, False), (17, True), (50, True)])
def test_a_large_matrix_is_shown_in_colours(num_classes: int, is_small: bool) -> None:
    page = parsed(made_dossier(made_split(100, num_classes=num_classes)))
    assert bool(page.of("table", "matrix small")) == is_small
    assert len(page.of("table", "matrix")) == 1


def test_two_classes_are_enough() -> None:
    page = parsed(made_dossier(made_split(3, num_classes=2)))
    assert len(page.of("td", "right")) == 2


def test_curves_are_drawn_epoch_by_epoch() -> None:
    page = parsed(made_dossier())
    points = [attributes["points"].split() for attributes in page.of("polyline")]
    assert [len(line) for line in points] == [3] * 5  # loss and error of two splits, the rate
    assert "loss, nats" in page.said("h3") and "learning rate" in page.said("h3")
    assert "target 0.70 %" in page.said("text")
    assert page.said("summary") == ["Every epoch in numbers"]


def test_images_are_called_augmented_where_they_are() -> None:
    dossier = made_dossier()
    assert b"augmented" in page_of(dossier)
    plain = page_of(replace(dossier, is_augmented=False))
    assert b"augmented" not in plain
    assert b"running means over an epoch</p>" in plain


def test_a_hold_out_and_the_chosen_epoch_are_in_the_curves() -> None:
    rows = tuple(replace(row, holdout_loss=0.3, holdout_accuracy=0.95) for row in EPOCHS)
    run = {**RUN, "best": {"epoch": 1}}
    page = parsed(replace(made_dossier(), run=run, epochs=rows))
    assert len(page.of("polyline")) == 7
    assert len(page.of("line", "marked")) == 2


def test_without_a_run_there_are_no_curves() -> None:
    page = parsed(made_dossier(is_run=False))
    assert "curves" not in page.ids()
    assert {"test", "classes", "network", "fields", "settings"} <= set(page.ids())
    assert "The checkpoint does not say how it was trained." in page.said("p")
    assert "training time" not in page.said("dt")


def test_a_record_of_anything_at_all_is_no_error() -> None:
    names = ("recipe", "num_epochs", "seed", "begun", "best", "target_accuracy", "time_seconds")
    oddities: list[Any] = [None, True, -1, 1e400, 10**400, "x", [], {}, [{}], {"epoch": []}]
    for value in oddities:
        values = dict.fromkeys((*names, "engine", "device", "versions"), value)
        parsed(replace(made_dossier(), run=values))


def test_what_could_not_be_looked_at_is_said() -> None:
    noted = replace(made_dossier(), summary=None, picture=None, notes=("no layers: it decides",))
    page = parsed(noted)
    assert "no layers: it decides" in page.said("p")
    assert not {"network", "fields"} & set(page.ids())
    assert "940" in page.said("dd")  # the module itself tells its parameters


def test_settings_that_were_chosen_come_first() -> None:
    page = parsed(made_dossier())
    headings = page.said("h3")
    assert headings.index("Chosen") < headings.index("Left as they are by default")
    terms = page.said("dt")
    assert terms.index("train.epochs") < terms.index("train.recipe")
    assert terms.count("torch") == 2  # of the run, and of the report


def test_values_of_settings_are_as_people_write_them() -> None:
    values = [True, False, [1, 28, 28], "x" * 1000, 0.1]
    choices = tuple(Choice(f"a.b{n}", value, True) for n, value in enumerate(values))
    page = parsed(replace(made_dossier(), choices=choices))
    shown = [text for text in page.said("dd") if text in ("on", "off", "1, 28, 28", "0.1")]
    assert shown == ["on", "off", "1, 28, 28", "0.1"]
    assert max(map(len, page.said("dd"))) == 300


def test_nothing_that_it_is_told_becomes_markup() -> None:
    plain = parsed(made_dossier())
    dossier = made_dossier(network=HOSTILE, path=f"runs/{HOSTILE}/last.pt")
    assert dossier.summary is not None
    layers = [replace(row, path=HOSTILE, name=HOSTILE) for row in dossier.summary.layers]
    values = json.loads(json.dumps({**RUN, "recipe": HOSTILE, "begun": HOSTILE}))
    page = parsed(
        replace(
            dossier,
            validation=replace(dossier.validation, dataset=HOSTILE),
            summary=replace(dossier.summary, network=HOSTILE, layers=tuple(layers)),
            picture=replace(made_picture(HOSTILE), notes=(HOSTILE,)),
            run={**values, "versions": {HOSTILE: HOSTILE}},
            choices=(Choice(HOSTILE, HOSTILE, False), Choice("train.epochs", [HOSTILE], True)),
            versions={"mnistops": HOSTILE, "torch": HOSTILE},
            notes=(HOSTILE,),
        )
    )
    tags = [tag for tag, _ in page.elements]
    extra = [tag for tag, _ in plain.elements]
    assert tags.count("script") == tags.count("style") == 1
    assert tags.count("img") == extra.count("img") and tags.count("b") == extra.count("b")
    assert not [name for _, attributes in page.elements for name in attributes if name[:2] == "on"]
    assert sum(HOSTILE in text for text in page.said()) >= 12
    assert HOSTILE in page.said("h1")


def test_it_asks_for_nothing() -> None:
    page = parsed(made_dossier())
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data"):
            target = attributes.get(name, "#")
            assert target.startswith(("#", "data:")), (tag, target)
    (policy,) = [a["content"] for a in page.of("meta") if "http-equiv" in a]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'; ")


def test_every_link_leads_to_a_part_of_it() -> None:
    page = parsed(made_dossier(made_split(3), made_split(3, split="train")))
    targets = [attributes["href"].removeprefix("#") for attributes in page.of("a")]
    assert targets and set(targets) <= set(page.ids())
    assert len(set(page.ids())) == len(page.ids())


def test_the_file_is_the_page(tmp_path: Path) -> None:
    dossier = made_dossier()
    path = write_page(dossier, tmp_path / "new" / "report.html")
    assert path.read_bytes() == page_of(dossier)


def test_names_of_classes_stand_for_numbers() -> None:
    dossier = made_dossier()
    split = replace(made_split(num_classes=3), class_names=NAMES)
    validation = replace(dossier.validation, splits=(split,))
    page = Parsed(page_of(replace(dossier, validation=validation)))
    heads = [text for tag, text in page.texts if tag == "th"]
    assert [name in heads for name in NAMES] == [True] * 3
    assert {item["alt"] for item in page.of("img")} == {f"a {name}" for name in NAMES}
    assert page.of("div", "columns named")
    assert not Parsed(page_of(dossier)).of("div", "columns named")

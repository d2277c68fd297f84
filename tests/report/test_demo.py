"""A demo's page as text, and what is said of it."""

import json
import re
from base64 import b64decode
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnistops.demo import Accuracy, Demo, demo
from mnistops.report.demo import demo_page, demo_report, write_demo
from mnistops.settings import Settings
from tests.exports.made_originals import write_checkpoint

HOSTILE = "</script></style><img src=x onerror=alert(1)>\"' --><b>&amp;{{ 7 * 7 }}"


@pytest.fixture
def made() -> Demo:
    path = write_checkpoint(Path("a.pt"))
    return demo(Settings.model_validate({"validate": {"checkpoint": path}}))


def embedded(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    values: dict[str, Any] = json.loads(text)
    return values


def test_the_weights_are_in_it_to_the_bit(made: Demo) -> None:
    network = embedded(demo_page(made).decode())["network"]
    assert network["spec"] == made.spec.to_values()
    for key, value in made.weights.items():
        held = np.frombuffer(b64decode(network["weights"][key]), "<f4").reshape(value.shape)
        assert (held == value.numpy()).all()
    assert set(network["weights"]) == set(made.weights)


def test_it_begins_with_what_the_network_is(made: Demo) -> None:
    page = demo_page(replace(made, accuracy=Accuracy(0.9956, "mnist"))).decode()
    facts = re.findall(r"<div><dt>(.*)</dt><dd>(.*)</dd></div>", page)
    assert facts == [
        ("network", "plain"),
        ("parameters", "712"),
        ("accuracy", "99.56 % on the test images of mnist"),
    ]
    assert "<h1>Draw a digit</h1>" in page
    assert "accuracy" not in dict(
        re.findall(r"<dt>(.*)</dt><dd>(.*)</dd>", demo_page(made).decode())
    )


def test_classes_that_are_no_digits_are_named(made: Demo) -> None:
    names = tuple(f"n{n}" for n in range(10))
    assert '<p class="lead">n0, n1, ' in demo_page(replace(made, class_names=names)).decode()


def test_nothing_that_it_is_told_becomes_markup(made: Demo) -> None:
    spec = made.spec.changed().model_copy(update={"name": HOSTILE})
    page = demo_page(
        replace(made, spec=spec, class_names=(HOSTILE,) * 10, accuracy=Accuracy(0.5, HOSTILE))
    ).decode()
    assert page.count("<script") == page.count("</script>") == 2
    assert page.count("</style>") == 1 and "<img" not in page
    assert embedded(page)["names"] == [HOSTILE] * 10
    assert unescape(page).count(HOSTILE) >= 13


def test_it_asks_for_nothing_and_tells_no_path(made: Demo) -> None:
    page = demo_page(replace(made, checkpoint=Path("/somebodys/own.pt"))).decode()
    assert "somebodys" not in page
    assert not re.search(r'(src|href)="(?!data:)', page) and "http" not in page.replace(
        'http-equiv="Content', ""
    )


def test_what_is_said_of_it(made: Demo) -> None:
    path = write_demo(made, Path("demo.html"))
    report = demo_report(made, path)
    assert path.read_bytes() == demo_page(made)
    assert report.document == {
        "page": "demo.html",
        "bytes": path.stat().st_size,
        "network": "plain",
        "checkpoint": "a.pt",
        "num_params": 712,
        "num_classes": 10,
    }
    assert report.grids[0].rows[0][0] == "demo.html" and report.records == [report.document]

"""The page of a demo in a real browser: one draws, and sees what the network makes of it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, expect

from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint import load_checkpoint
from mnistops.classifier import load_classifier
from mnistops.demo import Demo, demo
from mnistops.networks.spec import Conv, NetworkSpec
from mnistops.report.demo import write_demo
from mnistops.report.numbers import probability
from mnistops.settings import Settings
from tests.browser import Open, Opened, expect_dark_and_then_white_paper
from tests.exports.made_originals import write_checkpoint

pytestmark = pytest.mark.slow

PHONE = {"viewport": {"width": 360, "height": 700}}
# Strokes of points across and down, in shares of the paper.
BAR = [(0.5, 0.15), (0.5, 0.85)]
ROOF = [(0.2, 0.2), (0.8, 0.2)]
SLANT = [(0.8, 0.2), (0.4, 0.85)]


def demo_of(checkpoint: str | Path) -> Demo:
    return demo(Settings.model_validate({"validate": {"checkpoint": checkpoint}}))


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    return write_demo(demo_of("small"), tmp_path / "a.html")


def draw(page: Page, *strokes: list[tuple[float, float]]) -> None:
    page.locator("#sheet").scroll_into_view_if_needed()
    box = page.locator("#sheet").bounding_box()
    assert box is not None
    for stroke in strokes:
        first, *others = [
            (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke
        ]
        page.mouse.move(*first)
        page.mouse.down()
        for place in others:
            page.mouse.move(*place, steps=5)
        page.mouse.up()


def expect_class(page: Page, name: str) -> None:
    expect(page.locator("#class")).to_have_text(name)


def expect_quiet(opened: Opened) -> None:
    assert opened.troubles == []
    assert opened.requests == [opened.page.url]


def is_too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def num_inked(page: Page, canvas: str) -> int:
    """Pixels of a canvas that are not clear."""
    found: int = page.locator(canvas).evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height)"
        ".data.filter((value, i) => i % 4 === 3 && value).length"
    )
    return found


def test_strokes_change_what_the_network_says(page_file: Path, open_page: Open) -> None:
    opened = open_page(page_file)
    page = opened.page
    assert page.title() == "Draw a digit: small"
    expect_class(page, "?")
    draw(page, BAR)
    expect_class(page, "1")
    page.locator("#clear").click()
    draw(page, ROOF, SLANT)
    expect_class(page, "7")
    expect(page.locator("#told")).to_have_text(re.compile("^7, "))
    expect(page.locator("#likely .taken b")).to_have_text("7")
    assert page.locator("#prompt").is_hidden()
    expect_quiet(opened)


def test_what_is_shown_is_what_torch_says_of_the_image_that_is_seen(
    page_file: Path, open_page: Open
) -> None:
    page = open_page(page_file).page
    draw(page, [(0.3, 0.3), (0.7, 0.4), (0.3, 0.7), (0.7, 0.75)])
    expect(page.locator("#prompt")).to_be_hidden()
    page.wait_for_function("document.getElementById('class').textContent !== '?'")
    values = page.locator("#seen").evaluate(
        "c => Array.from(c.getContext('2d').getImageData(0, 0, 28, 28).data)"
        ".filter((value, i) => i % 4 === 3)"
    )
    checkpoint = load_checkpoint(bundled_checkpoint("small"))
    module = load_classifier(checkpoint).module.eval()
    seen = torch.tensor(values).reshape(1, 1, 28, 28)
    with torch.inference_mode():
        shares = module(checkpoint.normalization(seen / 255)).softmax(1)[0]
    assert page.locator("#likely span").all_inner_texts() == [*map(probability, shares.tolist())]
    assert page.locator("#class").inner_text() == str(int(shares.argmax()))
    assert max(len(seen[0, 0].sum(axis).nonzero()) for axis in (0, 1)) == 20


def test_strokes_are_taken_back_one_by_one_or_all(page_file: Path, open_page: Open) -> None:
    page = open_page(page_file).page
    undo, clear = page.locator("#undo"), page.locator("#clear")
    expect(undo).to_be_disabled()
    draw(page, BAR, ROOF, SLANT)
    undo.click()
    undo.click()
    expect_class(page, "1")
    assert page.evaluate("strokes.map(stroke => stroke.at(-1)[0] - stroke[0][0])") == [0]
    draw(page, ROOF)
    clear.click()
    expect_class(page, "?")
    expect(clear).to_be_disabled()
    assert page.locator("#likely span").all_inner_texts() == [""] * 10
    assert [num_inked(page, place) for place in ("#sheet", "#seen")] == [0, 0]
    assert num_inked(page, "#blocks li:first-child canvas:first-child") == 0


def test_it_is_drawn_on_by_keyboard_alone(page_file: Path, open_page: Open) -> None:
    page = open_page(page_file).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "sheet"
    for _ in range(8):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect_class(page, "1")
    page.keyboard.press("ArrowLeft")  # with the pen up
    page.keyboard.press("Backspace")
    expect_class(page, "?")
    assert page.evaluate("scrollY") == 0


def test_a_finger_draws_and_does_not_scroll(page_file: Path, open_page: Open) -> None:
    page = open_page(page_file, has_touch=True, **PHONE).page
    page.locator("#sheet").tap()
    page.wait_for_function("document.getElementById('class').textContent !== '?'")
    assert num_inked(page, "#seen") > 100  # a dot, as large as a digit is
    action = "getComputedStyle(document.getElementById('sheet')).touchAction"
    assert page.evaluate(action) == "none"


def test_ink_stays_inside_the_paper(page_file: Path, open_page: Open) -> None:
    page = open_page(page_file).page
    draw(page, [(0.5, 0.5), (0.001, 0.001)], [(0.5, 0.5), (1.5, 1.5)])
    ends = page.evaluate("strokes.map(stroke => stroke.at(-1))")
    assert ends == [[12, 12], [268, 268]]


def test_blocks_show_what_they_make_of_it(page_file: Path, open_page: Open) -> None:
    page = open_page(page_file).page
    draw(page, BAR)
    page.wait_for_function("document.getElementById('class').textContent === '1'")
    spec = demo_of("small").spec
    assert page.locator("#blocks h3").all_inner_texts() == [block.name for block in spec.blocks]
    assert page.locator("#blocks p").first.inner_text() == "10 channels of 26 x 26"
    assert page.locator("#blocks p").last.inner_text() == "10 units"
    assert num_inked(page, "#blocks li:first-child canvas:first-child") > 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_keeps_nobody_out(page_file: Path, open_page: Open, scheme: str) -> None:
    opened = open_page(page_file, color_scheme=scheme)
    assert opened.barriers() == []
    draw(opened.page, BAR)
    expect_class(opened.page, "1")
    assert opened.barriers() == []


def many_classes() -> Demo:
    blocks = (Conv(name="only", out_channels=80, kernel_size=(20, 10), norm="none"),)
    spec = NetworkSpec(name="W" * 100, input_size=(1, 20, 10), blocks=blocks)
    made = demo_of(write_checkpoint(Path("many.pt"), spec))
    return replace(made, class_names=tuple(f"class <b>{n}</b> of many" for n in range(80)))


def test_other_sizes_and_many_classes_with_names(tmp_path: Path, open_page: Open) -> None:
    opened = open_page(write_demo(many_classes(), tmp_path / "many.html"), **PHONE)
    page = opened.page
    assert page.locator("h1").inner_text() == "Draw one of these"
    assert "class <b>19</b> of many and 60 more" in page.locator(".lead").first.inner_text()
    box = page.locator("#sheet").bounding_box()
    assert box is not None and box["height"] == pytest.approx(2 * box["width"], rel=0.01)
    draw(page, BAR)
    expect(page.locator("#class")).to_have_text(re.compile("^class <b>"))
    assert page.locator("#likely li").count() == 10
    assert num_inked(page, "#seen") > 0
    assert not is_too_wide(page)
    expect_quiet(opened)


def test_nothing_is_wider_than_a_phone(page_file: Path, open_page: Open) -> None:
    opened = open_page(page_file, **PHONE)
    draw(opened.page, BAR)
    expect_class(opened.page, "1")
    assert not is_too_wide(opened.page)
    expect_quiet(opened)


def test_it_follows_the_dark_and_prints_on_white(page_file: Path, open_page: Open) -> None:
    page = open_page(page_file, color_scheme="dark").page
    expect_dark_and_then_white_paper(page)
    assert not page.locator("#clear").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_a_browser_that_computes_something_else_says_so(
    page_file: Path, tmp_path: Path, open_page: Open
) -> None:
    assert open_page(page_file).page.locator("#differs").is_hidden()
    sound = demo_of("small")
    key = "head.1.weight"
    weights = {**sound.weights, key: 1.001 * sound.weights[key]}
    page = open_page(write_demo(replace(sound, weights=weights), tmp_path / "off.html")).page
    assert page.locator("#differs").is_visible()

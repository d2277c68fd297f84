"""The page of a report in a real browser: it loads, answers, and keeps nobody out."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mnistops.dossier import Dossier
from mnistops.report.page import write_page
from tests.browser import Open, Opened, expect_dark_and_then_white_paper
from tests.dossiers import made_dossier, made_split

pytestmark = pytest.mark.slow

PHONE = {"viewport": {"width": 360, "height": 700}}


@pytest.fixture
def report(tmp_path: Path) -> Path:
    splits = made_split(9, split="train"), made_split(200)
    return write_page(made_dossier(*splits), tmp_path / "a.html")


def cards(page: Page) -> list[tuple[int, int, float]]:
    """Of each card that is seen, in order: true class, predicted class, confidence."""
    found = page.locator("#test .card:not([hidden])").evaluate_all(
        "cards => cards.map(c => [c.dataset.actual, c.dataset.predicted, c.dataset.confidence])"
    )
    return [(int(actual), int(predicted), float(share)) for actual, predicted, share in found]


def is_too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def expect_quiet(opened: Opened) -> None:
    assert opened.troubles == []
    assert opened.requests == [opened.page.url]


def test_it_opens_from_disk_says_nothing_and_asks_for_nothing(
    report: Path, open_page: Open
) -> None:
    opened = open_page(report)
    assert opened.page.url.startswith("file:///")
    assert opened.page.title() == "tiny: 98.00 % accuracy on 10,000 test images"
    broken = "[...document.images].filter(image => !image.complete || !image.naturalWidth).length"
    assert opened.page.evaluate(broken) == 0
    expect_quiet(opened)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_keeps_nobody_out(report: Path, open_page: Open, scheme: str) -> None:
    opened = open_page(report, color_scheme=scheme)
    opened.page.locator("summary").click()
    assert opened.barriers() == []


def test_a_cell_shows_its_mistakes_and_once_more_all(report: Path, open_page: Open) -> None:
    opened = open_page(report)
    page = opened.page
    assert len(cards(page)) == 48
    cell = page.locator("#test button[data-actual='4'][data-predicted='6']")
    cell.click()
    shown = cards(page)
    assert {card[:2] for card in shown} == {(4, 6)}
    assert len(shown) == int(cell.inner_text()) > 1
    assert cell.get_attribute("aria-pressed") == "true"
    assert page.locator("#test .count").inner_text() == f"{len(shown)} of 200 shown"
    assert page.locator("#test select[name=actual]").input_value() == "4"
    assert page.locator("#train .card:not([hidden])").count() == 9  # each split has its own
    cell.click()
    assert len(cards(page)) == 48
    expect_quiet(opened)


def test_a_cell_answers_to_the_keyboard(report: Path, open_page: Open) -> None:
    page = open_page(report).page
    page.locator("#test button[data-actual='4'][data-predicted='6']").focus()
    page.keyboard.press("Enter")
    assert {card[:2] for card in cards(page)} == {(4, 6)}


def test_lists_filter_by_one_class_or_both_and_a_button_shows_all(
    report: Path, open_page: Open
) -> None:
    page = open_page(report).page
    page.locator("#test select[name=actual]").select_option("4")
    assert {actual for actual, _, _ in cards(page)} == {4} and len(cards(page)) == 20
    page.locator("#test select[name=predicted]").select_option("6")
    assert {card[:2] for card in cards(page)} == {(4, 6)}
    cell = page.locator("#test button[data-actual='4'][data-predicted='6']")
    assert cell.get_attribute("aria-pressed") == "true"
    page.locator("#test button[type=reset]").click()
    expect(page.locator("#test .count")).to_have_text("48 of 200 shown")
    assert cell.get_attribute("aria-pressed") == "false"


def test_mistakes_are_put_in_the_order_that_is_asked_for(report: Path, open_page: Open) -> None:
    page = open_page(report).page
    every = made_split(200).result.mistakes
    shares = sorted((mistake.confidence for mistake in every), reverse=True)
    assert [share for *_, share in cards(page)] == shares[:48]
    order = page.locator("#test select[name=order]")
    order.select_option("unsure")
    assert [share for *_, share in cards(page)] == shares[::-1][:48]
    order.select_option("actual")
    assert [actual for actual, _, _ in cards(page)] == [0] * 20 + [1] * 20 + [2] * 8
    order.select_option("predicted")
    shown = [predicted for _, predicted, _ in cards(page)]
    assert shown == sorted(mistake.predicted for mistake in every)[:48]


def test_more_are_shown_a_page_at_a_time(report: Path, open_page: Open) -> None:
    page = open_page(report).page
    more = page.locator("#test .more")
    numbers = []
    while more.is_visible():
        more.click()
        numbers.append(len(cards(page)))
    assert numbers == [96, 144, 192, 200]


def test_with_very_many_classes_a_pair_shows_its_mistakes(tmp_path: Path, open_page: Open) -> None:
    many = made_dossier(made_split(3000, num_classes=200))
    opened = open_page(write_page(many, tmp_path / "many.html"))
    first = opened.page.locator(".pairs button").first
    first.click()
    pair = tuple(int(first.get_attribute(f"data-{end}") or "") for end in ("actual", "predicted"))
    assert {card[:2] for card in cards(opened.page)} == {pair}
    expect_quiet(opened)


MANY = made_split(9000)


@pytest.mark.parametrize(
    "dossier",
    [
        made_dossier(made_split(200), network="W" * 100, path="runs/" + "long" * 40 + "/last.pt"),
        made_dossier(MANY),
        made_dossier(made_split(0), is_run=False),
        made_dossier(made_split(100, num_classes=50)),
        made_dossier(made_split(300, num_classes=200)),
    ],
    ids=["long names", "9,000 mistakes", "none", "50 classes", "200 classes"],
)
def test_nothing_is_wider_than_a_phone(dossier: Dossier, tmp_path: Path, open_page: Open) -> None:
    opened = open_page(write_page(dossier, tmp_path / "a.html"), **PHONE)
    assert not is_too_wide(opened.page)
    opened.page.locator("details").evaluate_all("all => all.forEach(d => { d.open = true })")
    assert not is_too_wide(opened.page)
    expect_quiet(opened)


def test_nor_is_a_page_with_long_names(tmp_path: Path, open_page: Open) -> None:
    split = made_split()
    names = tuple(f"{label}{'a' * 200}" for label in range(len(split.result.confusion)))
    page = write_page(made_dossier(replace(split, class_names=names)), tmp_path / "a.html")
    opened = open_page(page, **PHONE)
    assert not is_too_wide(opened.page)
    expect_quiet(opened)


def test_on_a_phone_a_cell_leads_to_its_mistakes(report: Path, open_page: Open) -> None:
    page = open_page(report, **PHONE).page
    page.locator("#test button[data-actual='4'][data-predicted='6']").click()
    first = page.locator("#test .card:not([hidden])").first
    box = first.bounding_box()
    assert box is not None and 0 <= box["y"] < 700


def test_it_follows_the_dark_and_prints_on_white(report: Path, open_page: Open) -> None:
    page = open_page(report, color_scheme="dark").page
    expect_dark_and_then_white_paper(page)
    assert not page.locator(".tools").first.is_visible()


def test_it_prints_with_what_is_folded_away(report: Path, open_page: Open) -> None:
    page = open_page(report).page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details").get_attribute("open") == ""
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details").get_attribute("open") is None
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_what_gets_in_as_a_script_does_not_run(report: Path, open_page: Open) -> None:
    smuggled = (
        "<script>document.title = 'mine'</script><img src=x onerror=\"document.title='mine'\">"
    )
    report.write_text(report.read_text().replace("<main>", f"<main>{smuggled}"))
    opened = open_page(report)
    opened.page.wait_for_timeout(200)
    assert opened.page.title().startswith("tiny: ")
    assert any("Content Security Policy" in trouble for trouble in opened.troubles)

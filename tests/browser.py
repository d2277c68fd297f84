"""A real browser for tests of pages: the Chromium that is installed, no window, no network."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ("--no-sandbox", "--disable-gpu")


@dataclass
class Opened:
    """A page, and what has happened on it since it was opened.

    Attributes:
        troubles: what its console says, and errors that nothing catches.
        requests: addresses that it asks for, its own first; data: is none, it goes nowhere.
    """

    page: Page
    troubles: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def hear_console(self, message: ConsoleMessage) -> None:
        """Keep what the console says."""
        self.troubles.append(f"{message.type}: {message.text}")

    def hear_error(self, error: Error) -> None:
        """Keep an error."""
        self.troubles.append(f"error: {error.message}")

    def hear_request(self, request: Request) -> None:
        """Keep an address."""
        if not request.url.startswith("data:"):
            self.requests.append(request.url)

    def barriers(self) -> list[str]:
        """What axe-core finds that keeps people out: poor contrast, a control without a name."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']}: {node['html']:.200} {node['failureSummary']}"
            for rule in found
            for node in rule["nodes"]
        ]


Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser; without one, the tests of pages are skipped."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"NO BROWSER, so pages are not tested: install one of {', '.join(NAMES)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Open]:
    """Open a file, with playwright's options of a context: ``viewport``, ``color_scheme``, ..."""
    with ExitStack() as contexts:

        def open_(path: Path, **options: Any) -> Opened:
            context = contexts.enter_context(chromium.new_context(offline=True, **options))
            opened = Opened(context.new_page())
            opened.page.on("console", opened.hear_console)
            opened.page.on("pageerror", opened.hear_error)
            opened.page.on("request", opened.hear_request)
            opened.page.goto(path.resolve().as_uri())
            return opened

        yield open_


def expect_dark_and_then_white_paper(page: Page) -> None:
    """Of a page that was opened where all is dark; it is left as it would be printed."""
    ground = "getComputedStyle(document.body).backgroundColor"
    ink = "getComputedStyle(document.querySelector('.ink')).filter"
    assert (page.evaluate(ground), page.evaluate(ink)) == ("rgb(18, 20, 23)", "invert(1)")
    page.emulate_media(media="print", color_scheme="dark")
    assert (page.evaluate(ground), page.evaluate(ink)) == ("rgb(255, 255, 255)", "none")

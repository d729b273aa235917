"""A real Chromium with the page open in it; it must say nothing, and ask nobody else."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from support.daemon import wait

CHROMIUM = shutil.which("chromium")


class OpenPage:
    """A page in a context of its own, with its messages and requests."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.messages: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("dialog", lambda dialog: self.messages.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self.requests.append(request.url))

    def go(self, fragment: str = "") -> None:
        """Open the page's address anew, and wait until its scripts have begun."""
        self.page.goto("about:blank")
        self.page.goto(self.address + fragment)
        self.until(READY)

    def reload(self) -> None:
        """Load the page again, as a reader does."""
        self.page.reload()
        self.until(READY)

    def get(self, expression: str) -> Any:
        """Return the value of an expression."""
        return self.page.evaluate(expression)

    def until(self, expression: str) -> None:
        """Wait until an expression is true; the page's policy refuses Playwright's own waiting."""
        wait(lambda: self.get(expression), lambda: f"never true: {expression}: {self.messages}")


READY = "performance.getEntriesByName('narrated-ready').length > 0"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium, and end it."""
    with sync_playwright() as playwright:
        # The sandbox needs namespaces, which a container may refuse to root.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser, address: str, fragment: str = "", **settings: Any
) -> Iterator[OpenPage]:
    """Open a page; at the end it has said nothing, and asked for files of its own folder alone."""
    context = browser.new_context(**settings)
    try:
        page = OpenPage(context.new_page(), address)
        page.go(fragment)
        yield page
        assert page.messages == [], page.messages
        folder = address.rpartition("/")[0]
        strange = [url for url in page.requests if not url.startswith((folder, "about:"))]
        assert strange == [], strange
    finally:
        context.close()

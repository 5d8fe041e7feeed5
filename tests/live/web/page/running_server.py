"""A server in a process of its own, and pages of it in a real browser."""

import base64
import subprocess
import sys
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.ports import free_port

PREFERENCES = '{"layout": "single", "keepAudio": true}'
# Every page notes when the cursor moved and when the page turned.
NOTE = """
window.seen = []; window.turns = [];
addEventListener('cursor-moved', event => seen.push({...event.detail, at: Date.now()}));
addEventListener('page-turned', event => turns.push({...event.detail, at: Date.now()}));
"""


class RunningServer:
    """A server in a process of its own, which may be killed and started again at the same place."""

    def __init__(self, library: Path) -> None:
        self.library = library
        self.port = free_port()  # also after a kill
        self.start()

    def __enter__(self) -> "RunningServer":
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def start(self) -> None:
        command = [sys.executable, "-m", "standpartner.cli", "serve", "--no-browser", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--library", str(self.library)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert "http" in line, line + self.process.stdout.read()
        self.address = next(word for word in line.split() if word.startswith("http"))
        with urllib.request.urlopen(f"{self.address}api/server", timeout=60):  # noqa: S310 - http; until it has started
            pass

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()


def new_page(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport={"width": 820, "height": 1180}).new_page()
    page.add_init_script(f"if (!localStorage.standpartner) localStorage.standpartner = {PREFERENCES!r};{NOTE}")
    page.goto(address)
    return page


def add_score(page: Page, pdf: Path) -> None:
    """Drop a file on the library and wait until it is read."""
    content = base64.b64encode(pdf.read_bytes()).decode()
    transfer = page.evaluate_handle(
        """([content, name]) => {
          const transfer = new DataTransfer();
          const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
          transfer.items.add(new File([bytes], name, {type: 'application/pdf'}));
          return transfer;
        }""",
        [content, pdf.name],
    )
    page.wait_for_selector(".library")
    page.dispatch_event(".library", "drop", {"dataTransfer": transfer})
    page.wait_for_selector(".card.ready", timeout=60_000)

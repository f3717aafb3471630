"""The page in a real browser, if there is one: silent, offline, and no wider than a phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import swereg
from tests.evaluation.report.making import dataset, elsewhere, stored, usual

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
LONG = ("försörjningsstöd och ekonomiskt bistånd till hushåll", "Gator&parkering" * 4, "ja")

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with long labels, long words and everything opened."""
    folder = tmp_path_factory.mktemp("page")
    data = dataset(LONG, rows=60, text="<i>Donaudampfschifffahrtsgesellschaft</i>" * 4)
    registry = stored(folder, [*usual(data), elsewhere(data)])
    path = swereg.report(task="känslor", output=folder / "r.html", registry=registry)
    text = path.read_text(encoding="utf-8").replace("<details ", '<details open="" ')
    path.write_text(text, encoding="utf-8")
    return path


def browse(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert BROWSER is not None
    return subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            f"--user-data-dir={page.parent / 'profile'}",
            "--hide-scrollbars",
            "--enable-logging=stderr",
            "--virtual-time-budget=2000",
            *options,
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


def test_the_console_stays_empty_and_nothing_is_fetched(report: Path) -> None:
    done = browse(report, "--dump-dom")
    assert "Leaderboard" in done.stdout
    assert complaints(done) == []  # what the page's policy refuses would be among them


def test_a_page_that_fetches_would_be_noticed(report: Path) -> None:
    guilty = report.with_name("guilty.html")
    image = '<img src="http://pictures.example/x.png">'
    guilty.write_text(report.read_text(encoding="utf-8").replace("</main>", f"{image}</main>"))
    assert any(
        "Content Security Policy" in line for line in complaints(browse(guilty, "--dump-dom"))
    )


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1100, 1440])
def test_no_page_is_wider_than_its_window(report: Path, width: int) -> None:
    frame = report.with_name(f"frame-{width}.html")
    frame.write_text(
        f'<iframe src="{report.name}" style="width:{width}px;height:900px;border:0"></iframe>'
        "<script>onload = () => { const page = document.querySelector('iframe').contentDocument"
        ".documentElement; document.body.dataset.widths = JSON.stringify([page.scrollWidth, "
        "page.clientWidth]) }</script>"
    )
    done = browse(frame, "--allow-file-access-from-files", "--dump-dom", "--window-size=1600,1000")
    found = re.search(r'data-widths="(\[[\d,]+\])"', done.stdout)
    assert found, done.stderr
    wide, window = json.loads(found[1])
    assert window == width
    assert wide <= window


def test_it_prints(report: Path) -> None:
    target = report.with_name("r.pdf")
    browse(report, "--no-pdf-header-footer", f"--print-to-pdf={target}")
    assert target.read_bytes().startswith(b"%PDF")

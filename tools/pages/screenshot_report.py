"""Photograph a bench report in headless Chromium.

    python -m tools.pages.screenshot_report REPORT.html OUT.png [--width 1280] [--height 1500] [--dark]

The page stands in a frame of the wanted width, because Chromium's own windows do not get as narrow as
a phone. docs/images/report.png is made this way by ``make docs-bench``.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def main() -> int:
    """Read the options and take the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=1500)
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    photograph(options.page, options.out, width=options.width, height=options.height, dark=options.dark)
    print(f"{options.out}: {options.out.stat().st_size / 1000:,.0f} kB")
    return 0


def photograph(page: Path, out: Path, *, width: int, height: int, dark: bool = False) -> None:
    """Write the upper `height` pixels of a page as PNG."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        sys.exit("Expected Chromium to photograph the report; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder) / "frame.html"
        style = f"position:absolute;top:0;left:0;border:0;width:{width}px;height:{height}px"
        body = f"<iframe src='{page.absolute().as_uri()}' style='{style}'></iframe>"
        # A frame takes the colour scheme of the page around it.
        scheme = f"<style>:root {{ color-scheme: {'dark' if dark else 'light'} }}</style>"
        frame.write_text(f"<!doctype html>{scheme}<body>{body}")
        command = [browser, *FLAGS, f"--user-data-dir={folder}/profile", f"--window-size={width},{height}"]
        command += [f"--blink-settings=preferredColorScheme={0 if dark else 1}", f"--screenshot={out.absolute()}"]
        subprocess.run([*command, frame.as_uri()], check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    sys.exit(main())

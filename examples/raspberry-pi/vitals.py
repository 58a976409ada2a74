"""Logs the temperature of a Raspberry Pi, and whether it slows itself down.

    python vitals.py [SECONDS]

The bits are those of `vcgencmd get_throttled`: raspberrypi.com/documentation/computers/os.html#get_throttled
"""

import subprocess
import sys
import time

REASONS = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}


def ask(what: str) -> str:
    """Return the value of one of vcgencmd's answers, such as temp=48.3'C."""
    said = subprocess.run(["vcgencmd", what], capture_output=True, text=True, check=True).stdout
    return said.strip().partition("=")[2]


def describe(throttled: int) -> str:
    """Return what is wrong now, and what was wrong since the start."""
    now = [reason for bit, reason in REASONS.items() if throttled >> bit & 1]
    before = [reason for bit, reason in REASONS.items() if throttled >> (bit + 16) & 1]
    if not before:
        return "full speed since the start"
    return f"now {', '.join(now) or 'full speed'}; since the start {', '.join(before)}"


def main(seconds: float) -> None:
    """Print a line every few seconds."""
    while True:
        print(f"{ask('measure_temp')}, {describe(int(ask('get_throttled'), 16))}", flush=True)
        time.sleep(seconds)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60)

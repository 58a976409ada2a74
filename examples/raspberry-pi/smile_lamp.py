"""Lights a lamp while somebody smiles.

    fer-edge watch 0 --json | python smile_lamp.py [PIN]

A face that leaves while it smiles keeps its lamp on: events tell of changes only.
Needs gpiozero, which Raspberry Pi OS has: sudo apt install python3-gpiozero
"""

import json
import sys

from gpiozero import LED


def main(pin: int) -> None:
    """Follow the events on stdin, one JSON object a line."""
    lamp = LED(pin)
    smiling = set()
    for line in sys.stdin:
        event = json.loads(line)
        (smiling.add if event["emotion"] == "happy" else smiling.discard)(event["face"])
        lamp.value = bool(smiling)
        print(f"face {event['face']} is {event['emotion']}, lamp {'on' if lamp.value else 'off'}", flush=True)
    lamp.off()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 17)

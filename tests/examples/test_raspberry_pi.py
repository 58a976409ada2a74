"""The programs of docs/raspberry-pi.md do what they say, as far as that shows without a Raspberry Pi."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import PATIENCE, wait_until

EXAMPLES = Path(__file__).parents[2] / "examples/raspberry-pi"
EVENTS = [
    {"time": None, "seconds": second, "face": face, "emotion": emotion, "previous": None, "score": 0.9}
    for second, face, emotion in ((0.3, 1, "happy"), (1.0, 2, "happy"), (2.0, 1, "sad"), (3.0, 2, "neutral"))
]
LINES = "".join(f"{json.dumps(event)}\n" for event in EVENTS)


def run(name: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    environment = os.environ | variables
    return subprocess.run(
        command, env=environment, input=LINES, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def test_lamp_burns_while_somebody_smiles() -> None:
    pytest.importorskip("gpiozero", reason="gpiozero is not installed")
    done = run("smile_lamp.py", 17, GPIOZERO_PIN_FACTORY="mock")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "face 1 is happy, lamp on",
        "face 2 is happy, lamp on",
        "face 1 is sad, lamp on",
        "face 2 is neutral, lamp off",
    ]


@pytest.fixture
def broker() -> Iterator[int]:
    """The port of a broker on this machine."""
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens)
    yield port
    process.terminate()
    process.wait()


def test_home_assistant_finds_the_sensor_and_its_state(broker: int) -> None:
    mqtt = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
    seen: list[tuple[str, str]] = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.on_message = lambda client, data, message: seen.append((message.topic, message.payload.decode()))
    subscribed = threading.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", broker)
    client.subscribe("#", qos=1)
    client.loop_start()
    assert subscribed.wait(PATIENCE)
    done = run("home_assistant.py", "127.0.0.1", broker)
    assert done.returncode == 0, done.stderr
    wait_until(lambda: seen and seen[-1][1] == "offline")
    client.loop_stop()
    sensor = json.loads(dict(seen)["homeassistant/sensor/fer_edge/config"])
    states = [json.loads(payload)["emotion"] for topic, payload in seen if topic == sensor["state_topic"]]
    assert states == [event["emotion"] for event in EVENTS]
    assert [payload for topic, payload in seen if topic == sensor["availability_topic"]] == ["online", "offline"]


@pytest.mark.parametrize(
    ("throttled", "said"),
    [
        ("0x0", "48.3'C, full speed since the start"),
        ("0x50005", "48.3'C, now under-voltage, throttled; since the start under-voltage, throttled"),
        ("0x80000", "48.3'C, now full speed; since the start soft temperature limit"),
    ],
)
def test_vitals(throttled: str, said: str, tmp_path: Path) -> None:
    program = tmp_path / "vcgencmd"
    answers = f'case $1 in measure_temp) echo "temp=48.3\'C";; *) echo throttled={throttled};; esac'
    program.write_text(f"#!/bin/sh\n{answers}\n")
    program.chmod(0o755)
    command = [sys.executable, EXAMPLES / "vitals.py", "600"]
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{said}\n"
        process.terminate()


@pytest.mark.parametrize("name", ["fer-edge.service", "fer-edge-kiosk.service"])
def test_unit_is_one_that_systemd_takes(name: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    unit = tmp_path / name
    unit.write_text(re.sub(r"(?<=^ExecStart=)\S+", "/bin/true", (EXAMPLES / name).read_text(), flags=re.MULTILINE))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    # That fer-edge.service is not installed here is no fault of the kiosk's unit.
    complaints = [line for line in done.stderr.splitlines() if name in line]
    assert not complaints

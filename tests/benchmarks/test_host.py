"""What the bench says of the device: true, or not at all."""

import json
import os

import pytest

from fer_edge import vitals
from fer_edge.benchmarks import host

CPUINFO_PC = "processor\t: 0\nmodel name\t: Fast CPU @ 3.00GHz\ncpu MHz\t\t: 2995.123\n"
CPUINFO_PI = "processor\t: 0\nBogoMIPS\t: 108.00\n\nHardware\t: BCM2835\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n"


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch):
    """Pretends that the device has exactly these files (by the end of their path) and commands."""

    def pretend(files: dict[str, str] | None = None, commands: dict[str, str] | None = None) -> None:
        def read(path: object) -> str | None:
            return next((text for end, text in (files or {}).items() if str(path).endswith(end)), None)

        for module in (host, vitals):
            monkeypatch.setattr(module, "read_text", read)
            monkeypatch.setattr(module, "run", lambda *command: (commands or {}).get(command[0]))
        monkeypatch.setattr(host.platform, "system", lambda: "Linux")

    return pretend


def test_this_machine_is_described() -> None:
    facts = host.describe_host()
    assert facts["cores"] == os.cpu_count()
    assert facts["versions"]["fer-edge"]
    assert json.loads(json.dumps(facts)) == facts


def test_absent_facts_are_absent(device) -> None:
    device()
    facts = host.describe_host()
    assert None not in facts.values()
    assert not {"cpu", "board", "governor", "clock_mhz", "throttling", "temperature_c"} & facts.keys()
    assert {"architecture", "cores", "os", "kernel", "versions"} <= facts.keys()


def test_facts_of_a_raspberry_pi(device) -> None:
    files = {
        "cpuinfo": CPUINFO_PI,
        "device-tree/model": "Raspberry Pi 4 Model B Rev 1.4",
        "scaling_governor": "ondemand",
        "scaling_cur_freq": "1500000",
        "thermal_zone0/temp": "48312",
    }
    device(files, {"vcgencmd": "throttled=0x0"})
    facts = host.describe_host()
    assert facts["board"] == facts["cpu"] == "Raspberry Pi 4 Model B Rev 1.4"
    assert (facts["governor"], facts["clock_mhz"], facts["temperature_c"]) == ("ondemand", 1500.0, 48.3)
    assert facts["throttling"] == []


def test_facts_of_a_pc(device) -> None:
    device({"cpuinfo": CPUINFO_PC})
    assert host.cpu_model() == "Fast CPU @ 3.00GHz"
    assert host.describe_host()["clock_mhz"] == 2995.1


@pytest.mark.parametrize("garbage", ["<unknown>", "", "N/A"])
def test_garbage_is_no_fact(garbage: str, device) -> None:
    device({"scaling_cur_freq": garbage, "temp": garbage, "get_throttled": garbage, "cpuinfo": garbage})
    assert not {"clock_mhz", "temperature_c", "throttling", "cpu"} & host.describe_host().keys()


# The firmware's documentation gives 0x50005 as its example.
@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("0x0", []),
        ("0x1", ["under-voltage now"]),
        ("0x20002", ["clock capped now", "clock capped since boot"]),
        (
            "0x50005",
            ["under-voltage now", "throttled now", "under-voltage since boot", "throttled since boot"],
        ),
        ("0x80008", ["soft temperature limit now", "soft temperature limit since boot"]),
    ],
)
def test_throttling_word(word: str, meaning: list[str], device) -> None:
    device(commands={"vcgencmd": f"throttled={word}"})
    assert vitals.throttling() == meaning
    device({"get_throttled": word.removeprefix("0x")})  # the kernel's file has no prefix
    assert vitals.throttling() == meaning


def test_failing_command_is_no_fact(device, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "vcgencmd"
    program.write_text("#!/bin/sh\necho VCHI initialization failed; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert vitals.run("vcgencmd", "get_throttled") is None
    assert vitals.run("no-such-command") is None

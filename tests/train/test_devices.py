"""Several devices train as one does: the same losses with the same global batch, and an exact resume.

The devices are forced: two logical processors of one machine, or two processes that play two hosts.
"""

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.errors import FerEdgeError, RecipeError
from fer_edge.train.devices import Devices, find_devices

PROGRAM = Path(__file__).with_name("devices_run.py")
PLAIN, WHOLE = "plain", "batch norm and dropout"


def start(backend: str, folder: Path, devices: int, **variables: str) -> subprocess.Popen:
    """Start devices_run.py on so many forced devices."""
    env = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        "TF_ENABLE_ONEDNN_OPTS": "0",  # its kernels crash when two logical processors use them at once
        **variables,
    }
    command = [sys.executable, str(PROGRAM), str(folder), str(devices)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read(process: subprocess.Popen) -> dict:
    """Wait for a run, and return what it tells."""
    out, err = process.communicate()
    assert process.returncode == 0, err[-2000:]
    return json.loads(out.splitlines()[-1])


def require_jax() -> None:
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")


@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_two_devices_train_and_resume_as_one(backend: str, tmp_path: Path) -> None:
    if backend == "jax":
        require_jax()
    processes = [start(backend, tmp_path / str(devices), devices) for devices in (1, 2)]
    one, two = map(read, processes)
    assert (one["devices"], two["devices"]) == (1, 2)
    # TensorFlow's batch norm sees only its device's share of the batch.
    for name in [PLAIN, WHOLE] if backend == "jax" else [PLAIN]:
        assert two[name]["losses"] == pytest.approx(one[name]["losses"], rel=1e-5)
        assert two[name]["accuracies"] == pytest.approx(one[name]["accuracies"], rel=1e-5)
    assert [told[name]["apart"] for told in (one, two) for name in (PLAIN, WHOLE)] == [0.0] * 4
    assert one["uneven"] == ""
    assert "'batch_size': expected a multiple of 2" in two["uneven"]
    if backend == "tensorflow":
        assert (one["share"], two["share"]) == ([14], [7, 7])


def test_two_hosts_train_and_resume_as_one_device(tmp_path: Path) -> None:
    require_jax()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    hosts = {"KERAS_DISTRIBUTION_JOB_ADDRESSES": address, "KERAS_DISTRIBUTION_NUM_PROCESSES": "2"}
    processes = [start("jax", tmp_path / "one", 1)]
    for host in "01":
        processes.append(start("jax", tmp_path / host, 1, **hosts, KERAS_DISTRIBUTION_PROCESS_ID=host))
    one, first, second = map(read, processes)
    for told in (first, second):
        assert (told["devices"], told["share"]) == (2, [7])
        for name in (PLAIN, WHOLE):
            assert told[name]["losses"] == pytest.approx(one[name]["losses"], rel=1e-5)
            assert told[name]["apart"] == 0.0
        assert "epochs" in told["budget"]


def test_a_batch_that_cannot_be_shared_is_named() -> None:
    devices = Devices()
    devices.count = 4
    devices.require_even(64)
    with pytest.raises(RecipeError, match=r"expected a multiple of 4.*got 63\. Choose 60"):
        devices.require_even(63)
    with pytest.raises(RecipeError, match=r"got 3\. Choose 4"):
        devices.require_even(3)


def test_several_hosts_of_tensorflow_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    with pytest.raises(FerEdgeError, match=r"TF_CONFIG names several hosts.*KERAS_BACKEND=jax"):
        find_devices.__wrapped__()
    cluster["cluster"]["worker"].pop()
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    assert find_devices.__wrapped__().count == 1


def test_hosts_that_cannot_be_joined_are_named(tmp_path: Path) -> None:
    require_jax()
    process = start("jax", tmp_path, 1, JAX_COORDINATOR_ADDRESS="127.0.0.1:9")
    _, err = process.communicate()
    assert "FerEdgeError: JAX_COORDINATOR_ADDRESS is set, but the other hosts cannot be joined" in err

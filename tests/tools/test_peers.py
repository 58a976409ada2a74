"""The comparison with other packages: its workers, its table, and peers that fail."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from fer_edge.runtime import EmotionClassifier
from fer_edge.types import LABELS, LabelledImages
from tools.peers import environments, measure, worker
from tools.peers.environments import Environment, PeerError
from tools.peers.peer import Peer

CHALLENGE = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


@dataclass(frozen=True)
class Here(Environment):
    """This very Python; `program` stands for the package manager."""

    program: str = ""

    @property
    def worker(self) -> tuple[str, ...]:
        return (sys.executable, str(environments.WORKERS / "worker.py"))

    def _fetch(self) -> list[str]:
        return [sys.executable, "-c", self.program]


@pytest.fixture(autouse=True)
def build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for module in ("environments", "peer", "measure"):
        monkeypatch.setattr(f"tools.peers.{module}.BUILD", tmp_path)
    return tmp_path


def make_peer(name: str, model: Path, program: str = "") -> Peer:
    return Peer(name, Here(f"env-{name}", (name,), program), ("fer-edge", str(model)), (model,))


def images(faces: np.ndarray, model: Path) -> LabelledImages:
    """Return the faces, labelled as the model sees them but for the first."""
    with EmotionClassifier(model) as classifier:
        labels = np.array([classifier.predict(face).probabilities.argmax() for face in faces], np.int64)
    labels[0] = (labels[0] + 1) % 7
    return LabelledImages(faces, labels, "public", tuple(map(str, range(len(faces)))))


def test_a_broken_peer_does_not_take_the_others_along(model_files: dict[str, Path], faces: np.ndarray) -> None:
    model = model_files["int8"]
    missing = make_peer("missing", model.with_name("none.tflite"))
    missing.files = (model,)
    peers = [
        make_peer("good", model),
        missing,
        make_peer("unavailable", model, "raise SystemExit('no wheel for this machine')"),
        make_peer("again", model),
    ]
    measure.prepare(peers)
    measure.measure_starts(peers)
    measure.measure_times(peers, 2)
    measure.measure_accuracy(peers, images(faces, model))
    for peer in peers:
        peer.stop()
    page = measure.page(peers, "How.")
    good, again = (line.split("|") for line in page.splitlines() if "| good |" in line or "| again |" in line)
    expected = 100 * (len(faces) - 1) / len(faces)
    assert good[2].startswith(f" {expected:.2f} (")
    assert again[2] == good[2]
    assert float(good[3]) == 1
    assert float(good[5]) == round(model.stat().st_size / 1000)
    assert all(float(cell) > 0 for cell in (again[3], again[4], again[7], again[8]))
    assert "- Not measured: unavailable: cannot be installed here: no wheel for this machine\n" in page + "\n"
    assert "- Not measured: missing: does not start: " in page
    assert "none.tflite" in page


def test_times_are_compared_within_a_round() -> None:
    """A machine that slows down in the middle changes the median, not the ratio."""
    reference, other = make_peer("reference", Path("a")), make_peer("other", Path("b"))
    reference.rounds_us = [[10, 10, 11], [40, 40, 90], [10, 10, 10]]
    other.rounds_us = [[20, 20, 30], [80, 80, 80], [20, 25, 15]]
    assert other.ratio_to(reference) == 2
    assert other.p50_us == 25


def test_an_untrained_network_has_no_accuracy() -> None:
    reference, other = make_peer("reference", Path("a")), make_peer("other", Path("b"))
    reference.rounds_us = other.rounds_us = [[1.0]]
    reference.right = [True, False]
    other.untrained = "not trained"
    black = LabelledImages(np.zeros((1, 48, 48, 1), np.uint8), np.zeros(1, np.int64), "public", ("a.png",))
    measure.measure_accuracy([other], black)
    lines = measure.page([reference, other], "How.").splitlines()
    assert "| 50.00 (9.5 to 90.5) |" in lines[2]
    assert "| not trained |" in lines[3]


def test_without_the_reference_there_is_no_page() -> None:
    peer = make_peer("reference", Path("a"))
    peer.failure = "gone"
    with pytest.raises(SystemExit, match="reference, to which all are compared, failed: gone"):
        measure.page([peer], "How.")


def test_what_is_installed_is_not_fetched_again(build: Path) -> None:
    environment = Here("env", ("a", "b"), "open('env.count', 'a').write('x')".replace("env.", f"{build}/env."))
    environment.install()
    environment.install()
    assert (build / "env.count").read_text() == "x"
    Here("env", ("a", "c"), environment.program).install()
    assert (build / "env.count").read_text() == "xx"
    with pytest.raises(PeerError, match="cannot be installed here"):
        Here("env", ("d",), "raise SystemExit(1)").install()
    assert not (build / "env.complete").exists()


def test_labels_of_the_challenge_are_put_into_our_order() -> None:
    assert tuple(CHALLENGE[index] for index in worker.FROM_CHALLENGE) == LABELS
    script = (environments.WORKERS / "worker.mjs").read_text()
    assert f"FROM_CHALLENGE = {worker.FROM_CHALLENGE};" in script

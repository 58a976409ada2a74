"""A model is replaced in use only by a newer one that the key's owner signed and that passes its self-test."""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from helpers import wait_until

from fer_edge.errors import ModelError
from fer_edge.files import write_bytes
from fer_edge.modelfile.signing import sign_file
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.replaceable import ReplaceableClassifier
from fer_edge.runtime.trial import ENTRY, answer_selftest

FACE = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)


class Fleet:
    """A model file on a device, who may sign it, and what the device says of it."""

    def __init__(self, folder: Path, model_files: dict[str, Path]) -> None:
        self.path = folder / "model.tflite"
        self.last_good = folder / "last-good.tflite"
        self.public = folder / "ours.pub.pem"
        self.said: list[str] = []
        self._files = model_files
        self._keys = {}
        for number, name in enumerate(("ours", "theirs"), start=1):
            key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
            self._keys[name] = folder / f"{name}.pem"
            self._keys[name].write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
            if name == "ours":
                self.public.write_bytes(
                    key.public_key().public_bytes(
                        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                    )
                )

    def signed(self, recipe: str, release: int | None, key: str = "ours", scores: list[float] | None = None) -> bytes:
        content = self._files[recipe].read_bytes()
        with EmotionClassifier(content) as classifier:
            answers = answer_selftest(classifier) if scores is None else scores
        return sign_file(content, self._keys[key], release=release, more={ENTRY: {"scores": answers}})

    def open(self, **options) -> ReplaceableClassifier:
        return ReplaceableClassifier(
            self.path, trusted_key=self.public, check_seconds=0.0, notify=self.said.append, **options
        )


@pytest.fixture
def fleet(tmp_path: Path, model_files: dict[str, Path]) -> Fleet:
    return Fleet(tmp_path, model_files)


@pytest.fixture
def in_use(fleet: Fleet) -> Iterator[ReplaceableClassifier]:
    """The int8 model, release 5, in use."""
    write_bytes(fleet.path, fleet.signed("int8", 5))
    with fleet.open(last_good=fleet.last_good) as classifier:
        yield classifier


def offer(fleet: Fleet, classifier: ReplaceableClassifier, content: bytes) -> None:
    """Put a file in the model's place and let the classifier come to a verdict."""
    write_bytes(fleet.path, content)
    before = classifier.replaced + classifier.refused
    wait_until(lambda: classifier.refresh() or classifier.replaced + classifier.refused > before)


def recipe_of(classifier: ReplaceableClassifier) -> str:
    return classifier.metadata.content["recipe"]["name"]


def test_newer_signed_model_is_taken_and_kept(fleet: Fleet, in_use: ReplaceableClassifier) -> None:
    before = in_use.predict(FACE)
    offer(fleet, in_use, fleet.signed("float32", 6))
    assert (recipe_of(in_use), in_use.replaced, in_use.refused) == ("float32", 1, 0)
    assert fleet.said == [f"{fleet.path} is in use now: release 6."]
    assert fleet.last_good.read_bytes() == fleet.path.read_bytes()
    after = in_use.predict(FACE)
    assert after.probabilities == pytest.approx(before.probabilities, abs=0.2)
    assert not np.array_equal(after.probabilities, before.probabilities)


REFUSED: dict[str, tuple[Callable[[Fleet], bytes], str]] = {
    "unsigned": (lambda fleet: fleet._files["float32"].read_bytes(), "not signed"),
    "signed by another": (lambda fleet: fleet.signed("float32", 6, key="theirs"), "signature|signed"),
    "older": (lambda fleet: fleet.signed("float32", 4), "not newer .* release 4 after 5"),
    "of the same release": (lambda fleet: fleet.signed("float32", 5), "not newer"),
    "without a release": (lambda fleet: fleet.signed("float32", None), "no release number"),
    "truncated": (lambda fleet: fleet.signed("float32", 6)[:5000], "truncated|damaged|not a TFLite"),
    "altered": (lambda fleet: fleet.signed("float32", 6).replace(b"angry", b"happy", 1), "altered|changed|damaged"),
    "answers otherwise": (lambda fleet: fleet.signed("float32", 6, scores=[1.0, 0, 0, 0, 0, 0, 0]), "off by"),
    "nonsense for answers": (lambda fleet: fleet.signed("float32", 6, scores=["a"]), "cannot be read"),
    "no model": (lambda fleet: b"Dear device,", "."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_leaves_the_model_in_use(case: str, fleet: Fleet, in_use: ReplaceableClassifier) -> None:
    make, reason = REFUSED[case]
    answer = in_use.predict(FACE).probabilities
    offer(fleet, in_use, make(fleet))
    assert (recipe_of(in_use), in_use.replaced, in_use.refused) == ("int8", 0, 1)
    assert np.array_equal(in_use.predict(FACE).probabilities, answer)
    (said,) = fleet.said
    assert said.endswith("The model in use stays.")
    assert re.search(reason, said)
    wait_until(lambda: not in_use.refresh())
    assert in_use.refused == 1, "a file is judged once"


def test_file_that_still_grows_is_not_judged(fleet: Fleet, in_use: ReplaceableClassifier) -> None:
    content = fleet.signed("float32", 6)
    for end in (1000, 5000, 9000):
        fleet.path.write_bytes(content[:end])
        in_use.refresh()
    assert in_use.refused == 0
    offer(fleet, in_use, content)
    assert in_use.replaced == 1


def test_missing_file_changes_nothing(fleet: Fleet, in_use: ReplaceableClassifier) -> None:
    fleet.path.unlink()
    assert [in_use.refresh() for _ in range(3)] == [False] * 3
    assert in_use.predict(FACE).label in in_use.labels
    assert fleet.said == []


def test_model_that_fails_on_faces_gives_way_to_the_one_before(
    fleet: Fleet, in_use: ReplaceableClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(fleet, in_use, fleet.signed("float32", 6))

    def fails(self: EmotionClassifier, face: np.ndarray) -> None:
        raise ModelError("The model answered NaN.")

    monkeypatch.setattr(in_use._current, "predict", fails.__get__(in_use._current))
    assert in_use.predict(FACE).label in in_use.labels
    assert recipe_of(in_use) == "int8"
    assert in_use.refused == 1


def test_restart_with_a_refused_file_uses_the_last_good_one(fleet: Fleet, in_use: ReplaceableClassifier) -> None:
    offer(fleet, in_use, fleet.signed("float32", 6))
    fleet.said.clear()
    write_bytes(fleet.path, fleet.signed("int8", 5))  # an attacker's older model
    with fleet.open(last_good=fleet.last_good) as again:
        assert recipe_of(again) == "float32"
        assert again.refused == 1
    assert "release 5 after 6" in fleet.said[0]
    assert str(fleet.last_good) in fleet.said[0]


def test_start_without_a_good_model_is_refused(fleet: Fleet) -> None:
    fleet.path.write_bytes(fleet.signed("int8", 1, key="theirs"))
    with pytest.raises(ModelError):
        fleet.open()


def test_refresh_costs_nothing_while_nothing_happens(fleet: Fleet, in_use: ReplaceableClassifier) -> None:
    in_use.refresh()
    started = time.thread_time()
    for _ in range(1000):
        in_use.refresh()
    assert time.thread_time() - started < 0.5, "microseconds each"
    assert os.stat(fleet.path).st_size > 0

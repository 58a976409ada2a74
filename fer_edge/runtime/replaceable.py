"""`ReplaceableClassifier`: a signed model file that may be replaced while it is in use."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy.typing as npt

from fer_edge.errors import FerEdgeError, ModelError, OutputError
from fer_edge.files import write_bytes
from fer_edge.modelfile.contract import Contract
from fer_edge.modelfile.metadata import ModelFile, ModelMetadata, read_file
from fer_edge.modelfile.signing import read_trusted, release_of
from fer_edge.runtime.classifier import EmotionClassifier
from fer_edge.runtime.trial import Trial
from fer_edge.types import Prediction

Identity = tuple[int, int, int]


class ReplaceableClassifier:
    """An `EmotionClassifier` that follows its file: call `refresh` between faces, as `EmotionStream` does.

    A new file is taken if the owner of the key signed it, with a later release number than the one in use, and if
    it passes its self-test in a process of its own. Until then, and if not, the model in use stays. Should a new model
    fail on real faces, the one before it comes back.

    Args:
        path: a model file, signed by `fer-edge sign`.
        trusted_key: an Ed25519 public key in PEM. Needs `cryptography`.
        last_good: where a copy of the model in use is kept. With it, a restart falls back to that copy when the
            file at `path` is refused, and refuses one that is older than the copy.
        check_seconds: how often the file is looked at.
        notify: receives one sentence when a model is taken or refused; by default the logger "fer_edge" warns.
        clock: seconds that only go forward.
        options: what `EmotionClassifier` takes besides, such as `threads`.

    Attributes:
        replaced: how many times another model was taken.
        refused: how many files were refused.

    Raises:
        ModelError: neither the file nor the copy can be used.
        FerEdgeError: the trusted key cannot be used, or `cryptography` is not installed.
        OutputError: the copy cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        trusted_key: str | os.PathLike[str],
        last_good: str | os.PathLike[str] | None = None,
        check_seconds: float = 5.0,
        notify: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        **options: Any,
    ) -> None:
        self.replaced = 0
        self.refused = 0
        self._path = os.fspath(path)
        self._key = os.fspath(trusted_key)
        self._options = options
        self._last_good = None if last_good is None else Path(last_good)
        self._notify = notify or logging.getLogger("fer_edge").warning
        self._clock = clock
        self._check_seconds = check_seconds
        self._next_check = clock() + check_seconds
        self._trial: tuple[Trial, bytes, int | None] | None = None
        self._before: tuple[EmotionClassifier, int | None] | None = None
        self._judged = self._seen = self._identify()
        self._current, self._release = self._start()

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names, which no replacement changes."""
        return self._current.labels

    @property
    def contract(self) -> Contract:
        """The size, colours and range of the pictures that the model in use takes."""
        return self._current.contract

    @property
    def metadata(self) -> ModelMetadata:
        """Everything that the file in use says of itself."""
        return self._current.metadata

    def predict(self, face: npt.NDArray[Any]) -> Prediction:
        """Return what one face shows; see `EmotionClassifier.predict`."""
        try:
            return self._current.predict(face)
        except ModelError as error:
            if not self._go_back(str(error)):
                raise
            return self._current.predict(face)

    def predict_batch(self, faces: npt.NDArray[Any] | Iterable[npt.NDArray[Any]]) -> list[Prediction]:
        """Return what each face shows; see `EmotionClassifier.predict_batch`."""
        return self._current.predict_batch(faces)

    def refresh(self) -> bool:
        """Look at the file if it is time, and at a trial that runs; return whether another model is in use now.

        It takes microseconds, but for the moment in which a new model is read or loaded.
        """
        if self._trial is not None:
            return self._end_trial()
        now = self._clock()
        if now >= self._next_check:
            self._next_check = now + self._check_seconds
            self._look()
        return False

    def close(self) -> None:
        """Free the model."""
        if self._trial is not None:
            self._trial[0].close()
        self._trial = None
        self._current.close()

    def __enter__(self) -> ReplaceableClassifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> tuple[EmotionClassifier, int | None]:
        """Load the file, or the last good copy where the file is refused."""
        kept = self._read_kept()
        try:
            content = read_file(self._path)
            file = read_trusted(content, self._key, self._path)
            if kept is not None and content != kept[0]:
                self._require_newer(file, release_of(kept[1].metadata.content))
                if reason := Trial(content).wait():
                    raise ModelError(f"{self._path}: {reason}.")
            classifier = EmotionClassifier(content, trusted_key=self._key, **self._options)
        except ModelError as error:
            if kept is None:
                raise
            self.refused += 1
            self._notify(f"{error} The last good model is used: {self._last_good}.")
            loaded = EmotionClassifier(kept[0], trusted_key=self._key, **self._options)
            return loaded, release_of(kept[1].metadata.content)
        self._keep(content)
        return classifier, release_of(file.metadata.content)

    def _read_kept(self) -> tuple[bytes, ModelFile] | None:
        """Return the last good copy, if there is one that the key signed."""
        if self._last_good is None or not self._last_good.exists():
            return None
        try:
            content = read_file(self._last_good)
            return content, read_trusted(content, self._key, str(self._last_good))
        except ModelError as error:
            self._notify(f"{error} It is written anew.")
            return None

    def _look(self) -> None:
        """Begin a trial of the file if it is another than the one last judged, and nobody is writing it."""
        before, self._seen = self._seen, self._identify()
        if self._seen is None or self._seen == self._judged or self._seen != before:
            return  # missing; known; or changed since the last look, so that it may still be growing
        self._judged = self._seen
        try:
            content = read_file(self._path)
            file = read_trusted(content, self._key, self._path)
            if file.metadata.content == self.metadata.content:
                return  # touched, or written again as it was
            self._require_newer(file, self._release)
            if file.metadata.labels != self.labels:
                raise ModelError(f"{self._path} has other labels than the model in use: start anew with it.")
            self._trial = Trial(content), content, release_of(file.metadata.content)
        except FerEdgeError as error:  # of the model, or of the key
            self._refuse(str(error))
        except OSError as error:
            self._refuse(f"{self._path} cannot be tried: {(error.strerror or str(error)).lower()}.")

    def _require_newer(self, file: ModelFile, release: int | None) -> None:
        offered = release_of(file.metadata.content)
        if offered is None:
            raise ModelError(f"{self._path} has no release number: sign it again with 'fer-edge sign'.")
        if release is not None and offered <= release:
            raise ModelError(
                f"{self._path} is not newer than the model in use: release {offered} after {release}. To go back on "
                "purpose, sign the older model again."
            )

    def _end_trial(self) -> bool:
        assert self._trial is not None
        trial, content, release = self._trial
        verdict = trial.verdict()
        if verdict is None:
            return False
        self._trial = None
        if verdict:
            self._refuse(f"{self._path}: {verdict.rstrip('.')}.")
            return False
        try:
            classifier = EmotionClassifier(content, trusted_key=self._key, **self._options)
        except FerEdgeError as error:
            self._refuse(str(error))
            return False
        self._before = self._current, self._release
        self._current, self._release = classifier, release
        self.replaced += 1
        self._notify(f"{self._path} is in use now: release {release}.")
        try:
            self._keep(content)
        except OutputError as error:
            self._notify(str(error))
        return True

    def _go_back(self, reason: str) -> bool:
        """Use the model before the one that fails on a face; return False where there is none."""
        if self._before is None:
            return False
        (self._current, _), self._before = self._before, None  # the release stays: the failed one is not taken again
        self._refuse(reason)
        return True

    def _refuse(self, reason: str) -> None:
        self.refused += 1
        self._notify(f"{reason} The model in use stays.")

    def _keep(self, content: bytes) -> None:
        if self._last_good is not None and not (self._last_good.is_file() and self._last_good.read_bytes() == content):
            write_bytes(self._last_good, content)

    def _identify(self) -> Identity | None:
        """Return what changes when the file is replaced or written; None where there is none."""
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

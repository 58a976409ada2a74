"""Faces in a picture, and the emotion that each shows."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fer_edge.runtime.bundled import DEFAULT_MODEL
from fer_edge.runtime.classifier import EmotionClassifier
from fer_edge.runtime.detectors import FaceDetector, load_detector
from fer_edge.runtime.detectors.base import framing_of
from fer_edge.runtime.framing import Framing, cut_face
from fer_edge.runtime.pictures import to_picture
from fer_edge.types import Box, FaceEmotion

if TYPE_CHECKING:
    from fer_edge.runtime.pictures import PictureSource
    from fer_edge.runtime.replaceable import ReplaceableClassifier


class Faces(list[FaceEmotion]):
    """The faces of one picture: a list that a notebook shows with the faces themselves."""

    def __init__(self, faces: Iterable[FaceEmotion] = (), picture: npt.NDArray[np.uint8] | None = None) -> None:
        super().__init__(faces)
        self._picture = picture

    def __reduce__(self) -> tuple[type[Faces], tuple[list[FaceEmotion]]]:
        return Faces, (list(self),)  # the picture stays behind

    def _repr_html_(self) -> str:
        if self._picture is None:
            return "".join(face._repr_html_() for face in self)
        from fer_edge.runtime.gallery import gallery

        return gallery(self._picture, self)


class FaceAnalyzer:
    """A classifier behind a face detector. One instance may be shared by threads if its detector may.

    Args:
        classifier: the model, which stays yours to close, or what `EmotionClassifier` takes: a file, or the name of a
            bundled model. That one is loaded here, and closed by `close`, or at the end of a `with` block.
        detector: finds the faces; when None, YuNet, or Haar where YuNet cannot be had (see `load_detector`).
        margin: what the classifier sees beyond a box, as a fraction of its longer side, added at each end; None
            for the detector's own, which restores the framing of FER2013.

    Raises:
        ModelError: the model is missing or damaged.
    """

    def __init__(
        self,
        classifier: EmotionClassifier | ReplaceableClassifier | str | os.PathLike[str] | bytes = DEFAULT_MODEL,
        detector: FaceDetector | None = None,
        *,
        margin: float | None = None,
    ) -> None:
        self._own_classifier: EmotionClassifier | None = None
        if isinstance(classifier, str | os.PathLike | bytes):
            classifier = self._own_classifier = EmotionClassifier(classifier)
        self._classifier: EmotionClassifier | ReplaceableClassifier = classifier
        self._detector = detector
        self._default_detector: FaceDetector | None = None
        self._margin = margin
        self._frame(detector)  # refuses an impossible margin now, not at the first face

    def analyze(self, picture: PictureSource, boxes: Iterable[Box] | None = None, *, rgb: bool = False) -> Faces:
        """Return the faces of a picture with their emotions, largest first.

        A face that leans is turned upright for the classifier if its box has landmarks; see `cut_face`.

        Args:
            picture: a path, the bytes of an encoded picture, an image of Pillow, or uint8 pixels: grey (H x W), BGR
                (H x W x 3) or BGRA (H x W x 4).
            boxes: where the faces are, if the app knows; then no detector is asked or even loaded, and the
                faces come in this order. They are taken to be framed as the given detector frames, and without
                one as FER2013's crops are.
            rgb: the pixels are RGB or RGBA, as imageio, Matplotlib and scikit-image give them.

        Raises:
            ImageError: not a picture, or a box that has no pixel of it.
        """
        pixels = to_picture(picture, rgb=rgb)
        if boxes is None:
            detector = self._finder()
            boxes, framing = detector.detect(pixels), self._frame(detector)
        else:
            framing = self._frame(self._detector)
        found = [FaceEmotion(box, self._classifier.predict(cut_face(pixels, box, framing))) for box in boxes]
        return Faces(found, pixels)

    def close(self) -> None:
        """Free the model, if it was loaded here."""
        if self._own_classifier is not None:
            self._own_classifier.close()

    def __enter__(self) -> FaceAnalyzer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _finder(self) -> FaceDetector:
        """Return what finds faces; the default is loaded only now, since an app with its own boxes needs none."""
        if self._detector is not None:
            return self._detector
        if self._default_detector is None:
            self._default_detector = load_detector()
        return self._default_detector

    def _frame(self, detector: FaceDetector | None) -> Framing:
        framing = framing_of(detector)
        return framing if self._margin is None else replace(framing, margin=self._margin)

"""fer-edge: facial emotion recognition for small computers.

>>> from fer_edge import FaceAnalyzer
>>> FaceAnalyzer().analyze("photo.jpg")  # doctest: +SKIP
[<happy 97 %, neutral 1 % at 178, 63, 91x113>]

Importing it loads nothing: each name is loaded when it is first used.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = ["EmotionClassifier", "EmotionStream", "FaceAnalyzer", "__version__", "annotate"]

if TYPE_CHECKING:
    from fer_edge.runtime.annotate import annotate
    from fer_edge.runtime.classifier import EmotionClassifier
    from fer_edge.runtime.faces import FaceAnalyzer
    from fer_edge.stream.emotion_stream import EmotionStream
else:
    _HOMES = {
        "EmotionClassifier": "fer_edge.runtime.classifier",
        "EmotionStream": "fer_edge.stream.emotion_stream",
        "FaceAnalyzer": "fer_edge.runtime.faces",
        "annotate": "fer_edge.runtime.annotate",
    }

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)

    def __dir__() -> list[str]:
        return __all__

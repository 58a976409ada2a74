"""Errors that a user can act on; the command line prints them as one sentence."""


class FerEdgeError(Exception):
    """Base of every error that fer-edge raises on purpose."""


class DataError(FerEdgeError):
    """FER2013 is missing, damaged, or not in one of the three supported forms."""


class ImageError(FerEdgeError, ValueError):
    """An image or array cannot be read as a face."""


class SourceError(FerEdgeError):
    """A camera, video file or address cannot be opened, or gives no frame."""


class ModelError(FerEdgeError):
    """A model file is missing, damaged, or breaks the input or output contract."""


class RecipeError(FerEdgeError):
    """A training or conversion recipe has an unknown field or an impossible value."""


class OutputError(FerEdgeError):
    """A result cannot be written where it was asked for."""

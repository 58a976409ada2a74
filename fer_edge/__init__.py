"""fer-edge: facial emotion recognition for small computers."""

__version__ = "0.1.0"

"""The operators of a .tflite file, and what they cost."""

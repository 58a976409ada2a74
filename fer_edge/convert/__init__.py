"""Conversion: a Keras model in, .tflite files that describe and verify themselves out."""

"""Conversion: a Keras model in, .tflite files that describe themselves out."""

"""From an int8 .tflite file to C that needs no library: what a microcontroller runs."""

"""What a .tflite file says of itself: read, write, check, sign, export as C."""

"""Measurement on the device at hand: accuracy, latency, memory, and what the device is."""

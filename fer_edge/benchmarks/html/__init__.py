"""Bench reports as one HTML page: drawn by hand as SVG, so that a device needs no plotting library."""

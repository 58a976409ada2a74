"""Metrics, and the evaluation of answers against labels."""

"""Training: a recipe and FER2013 in, a run folder with `model.keras` and its report out."""

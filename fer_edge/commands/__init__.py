"""What each command does, from options to results. Heavy imports stay inside the functions."""

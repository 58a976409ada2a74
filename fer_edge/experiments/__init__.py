"""Many short trainings that differ in one choice each: plan them, train them here or on Ray, compare them in pairs."""

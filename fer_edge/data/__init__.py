"""FER2013 in its forms, the FER+ votes, public faces and the hold-out."""

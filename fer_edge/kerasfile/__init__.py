"""Read Keras files, ours and other people's."""

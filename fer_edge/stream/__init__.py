"""Follow faces through a camera or a video."""

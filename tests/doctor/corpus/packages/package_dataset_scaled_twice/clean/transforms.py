def to_float(pixels):
    """uint8 range to [0, 1]."""
    return pixels.float().div(255.0).unsqueeze(0)

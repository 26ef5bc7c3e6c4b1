"""Seedbed: PyTorch training that is reproducible bit for bit, checked, never lost and fast."""

"""Reads code without running it: a small abstract interpreter over the standard ``ast``."""

"""Empty on purpose: pytest puts the folder of this file on Python's path, so the tests can import model and data."""

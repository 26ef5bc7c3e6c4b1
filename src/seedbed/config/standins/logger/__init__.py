"""Stand-in for the `logger` package of a pytorch-template project that does not carry it."""

"""The doctor: mistakes that raise nothing, found by reading code, by watching a run, and by monitors."""

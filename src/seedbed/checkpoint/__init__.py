"""Checkpoints: written whole or not at all, verified when read, pruned without losing the last good one."""

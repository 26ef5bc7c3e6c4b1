"""Optimization: who gets which options, optimizers, schedules, and the average of the weights."""

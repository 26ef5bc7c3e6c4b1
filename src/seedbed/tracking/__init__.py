"""Tracking: who is told about a run (console, event log, TensorBoard, W&B) and the digest chain of its updates."""

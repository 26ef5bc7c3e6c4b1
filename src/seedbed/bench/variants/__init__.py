"""One file for each way to train the same workload; each has ``train(task)`` and imports its library itself."""

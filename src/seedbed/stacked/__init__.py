"""Several seeds of one training, made together in one process: their tensors are rows of stacked ones."""

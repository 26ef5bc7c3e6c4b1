"""Models: one a file, plain ``nn.Module`` with keyword arguments; they take a batch's inputs as they are."""

"""The built-in recipes: a folder each with its config, the few lines of code it needs, and its measured result."""

"""The config: its schema, how files become one, and how its parts become callables."""

"""The probes: each reads the facts of a watched run and reports one mistake or a small family of them."""

"""The benchmark of a GPU: six cases, each with its floor and the other trainers; one command, some minutes."""

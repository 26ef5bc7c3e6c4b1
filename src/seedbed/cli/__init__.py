"""The command line: ``main`` holds the table of commands, each command lives in its own file."""

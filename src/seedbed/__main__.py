"""``python -m seedbed`` is the same as the ``seedbed`` command."""

from seedbed.cli.main import main

if __name__ == "__main__":
    main()

"""``python -m mnistops`` is ``mnistops``."""

from mnistops.cli.app import main

if __name__ == "__main__":
    main()

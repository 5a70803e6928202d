"""`python -m stream ...` is `cx ...`."""

from stream.cli.main import main

if __name__ == "__main__":
    main()

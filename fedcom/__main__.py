"""`python -m fedcom` and the command `fedcom`."""

from fedcom.cli.root import main

if __name__ == "__main__":
    main()

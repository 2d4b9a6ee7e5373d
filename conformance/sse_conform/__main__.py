"""``python -m sse_conform`` is the same command as ``conform``."""

from sse_conform.cli import main

if __name__ == "__main__":
    main(prog_name="conform")

"""`python -m sse_conform_server` is the same command as `conform serve`."""

from sse_conform_server.cli import serve

if __name__ == "__main__":
    serve()

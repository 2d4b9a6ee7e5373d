"""The end of an asyncio server that loses no connection on the way."""

import asyncio

#: Turns of the loop from accepting a connection to the first step of the task that serves it.
TURNS = 4


async def hang_up(server: asyncio.Server) -> None:
    """
    Accept nobody any more.

    A server that is closed between the accepting of a connection and the making of its transport leaves a socket
    that nobody closes (an assertion in ``Server._attach``), which shows as a warning in whatever test runs then.
    """
    loop = asyncio.get_running_loop()
    for listener in server.sockets:
        loop.remove_reader(listener.fileno())
    for _ in range(TURNS):
        await asyncio.sleep(0)
    server.close()

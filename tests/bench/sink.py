"""A program that answers every POST with 202, on many loopback addresses: `sink.py PORT COUNT`."""

import asyncio
import sys

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read requests and accept them until the sender hangs up."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    await reader.readexactly(int(line.split(b":")[1]))
            writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve(port: int, count: int) -> None:
    """Listen on 127.9.0.1, 127.9.0.2 and so on until killed."""
    hosts = [f"127.9.{number // 250}.{number % 250 + 1}" for number in range(count)]
    server = await asyncio.start_server(answer, hosts, port)
    print("ready", flush=True)  # the parent waits for this line
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))

"""A program that delivers like `fedcom worker`, controlled by lines on standard input.

The instance is the one that the environment describes. It prints the CPU seconds of one RSA-2048
signature when it is ready, delivers until its input ends, and answers each line with the CPU
seconds that the process has used. The line `wake` wakes the dispatcher as a job would.
"""

import asyncio
import sys
import time
from contextlib import suppress

import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from fedcom.cli.server import freeze_loaded
from fedcom.logs import configure_logs
from fedcom.settings import load_settings
from fedcom.wiring import open_instance

SIGNATURES = 300


def cost_of_signing() -> float:
    """CPU seconds of one RSA-2048 signature."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key.sign(b"", padding.PKCS1v15(), hashes.SHA256())  # the first one costs more
    began = time.process_time()
    for _ in range(SIGNATURES):
        key.sign(b"x" * 300, padding.PKCS1v15(), hashes.SHA256())
    return (time.process_time() - began) / SIGNATURES


async def deliver() -> None:
    """Deliver until standard input ends."""
    async with open_instance(load_settings(), alone=False) as instance:
        freeze_loaded()  # as the server does
        running = asyncio.create_task(instance.dispatcher.run())
        print(cost_of_signing(), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line == "wake\n":
                instance.dispatcher.wake()
            print(time.process_time(), flush=True)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


if __name__ == "__main__":
    configure_logs("error", "json")
    uvloop.run(deliver())

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# python_asyncio.py - an echo server on Python's asyncio, with a Protocol
#
# asyncio sets TCP_NODELAY by itself (since Python 3.6).

import argparse
import asyncio
import signal
import socket
import sys

NAME = "python_asyncio"


class OneLine(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{NAME}: {message} (--help)\n")


def options():
    p = OneLine(prog=NAME, description="An echo server on Python's asyncio.")
    p.add_argument("--port", type=int, default=7007,
                   help="listen on this port; 0 lets the kernel choose")
    p.add_argument("--bind", default="127.0.0.1", help="on this IPv4 address")
    p.add_argument("--fd", type=int, help="on this descriptor of a listening "
                   "socket instead")
    p.add_argument("--service", choices=["echo"], default="echo",
                   help="all that it can")
    o = p.parse_args()
    if not 0 <= o.port <= 65535:
        p.error(f"--port {o.port}: expected a number from 0 to 65535")
    return o


class Echo(asyncio.Protocol):
    live = set()

    def connection_made(self, transport):
        self.transport = transport
        self.live.add(self)

    def data_received(self, data):
        self.transport.write(data)

    # The socket is full: read no more until what is owed has left.
    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()

    # eof_received is inherited: what is owed leaves, then it closes.

    def connection_lost(self, why):
        self.live.discard(self)


async def serve(o):
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, stop.set)
    if o.fd is not None:
        given = socket.socket(fileno=o.fd)
        start = (loop.create_unix_server if given.family == socket.AF_UNIX
                 else loop.create_server)
        server = await start(Echo, sock=given, backlog=4096)
        where = f"descriptor {o.fd}"
    else:
        server = await loop.create_server(Echo, o.bind, o.port, backlog=4096,
                                          family=socket.AF_INET)
        where = f"{o.bind}:{server.sockets[0].getsockname()[1]}"
    sys.stderr.write(f"{NAME}: serving echo on {where}\n")
    await stop.wait()
    server.close()
    # Open connections have two seconds.
    for _ in range(200):
        if not Echo.live:
            return
        await asyncio.sleep(0.01)


def main():
    try:
        asyncio.run(serve(options()))
    except OSError as why:
        sys.exit(f"{NAME}: {why}")


main()

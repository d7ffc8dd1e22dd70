"""A TCP relay at the hub, through which connections between two nodes, or a node and its database, are led (network.detour):
what no packet filter can do. It delays, or it knows BASP's frames and holds, repeats, swaps and remembers them."""

import asyncio
import random
import struct
import threading

HEADER = struct.Struct(">BBBBIQQQ")  # of a BASP frame: operation, padding, flags, length of the payload, three ids
DIRECT_MESSAGE = 2
ENVELOPE = b"dompet.envelope"  # the type's name, before its version and kind (actors/cluster/envelope.hpp)
DATA_KIND = 6
CHUNK = 65_536
START_DEADLINE_S = 10


def carries_data(frame):
    """Frames of the nodes' routers, as opposed to greetings and heartbeats."""
    at = frame.find(ENVELOPE)
    return at >= 0 and frame[at + len(ENVELOPE) + 1] == DATA_KIND


class Relay:
    """Listens at the hub and connects on to one address. Its own thread; what it does to the bytes is decided by `frames`,
    or by `delay`, a function that returns the seconds by which the next bytes come later."""

    def __init__(self, host, target, delay=None, frames=None):
        self._host, self._target = host, target
        self._delay = delay
        self._frames = frames
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        assert self._started.wait(START_DEADLINE_S), "the relay does not start"
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, self._host, 0))
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        try:
            await asyncio.gather(self._pass_on(reader, far_writer, True), self._pass_on(far_reader, writer, False))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for end in (writer, far_writer):
                end.close()

    async def _pass_on(self, reader, writer, forth):
        if self._frames is not None:
            return await self._pass_frames(reader, writer, forth)
        while data := await reader.read(CHUNK):
            if self._delay is not None:
                await asyncio.sleep(self._delay())
            writer.write(data)
            await writer.drain()
        writer.close()
        return None

    async def _pass_frames(self, reader, writer, forth):
        while True:
            header = await reader.readexactly(HEADER.size)
            operation, _, _, _, length, *_ = HEADER.unpack(header)
            frame = header + await reader.readexactly(length)
            if operation != DIRECT_MESSAGE:
                writer.write(frame)
            else:
                for out in await self._frames.passing(frame, forth):
                    writer.write(out)
            await writer.drain()


def jitter(least_s, most_s, seed=0):
    rng = random.Random(seed)
    return lambda: rng.uniform(least_s, most_s)


class Unruly:
    """Repeats messages, swaps neighbours, and says again what was said before, in connections that are long gone."""

    def __init__(self, seed=0, keep=200):
        self._rng = random.Random(seed)
        self._kept = []
        self._keep = keep
        self._waiting = {}
        self.repeated = self.swapped = self.late = 0

    async def passing(self, frame, forth):
        frames = [frame]
        chance = self._rng.random()
        if forth in self._waiting:
            frames.append(self._waiting.pop(forth))
            self.swapped += 1
        elif chance < 0.1:
            self._waiting[forth] = frames.pop()
        elif chance < 0.3:
            frames.append(frame)
            self.repeated += 1
        elif chance < 0.4 and self._kept:
            old_forth, old = self._rng.choice(self._kept)
            if old_forth == forth:
                frames.append(old)
                self.late += 1
        if len(self._kept) < self._keep:
            self._kept.append((forth, frame))
        else:
            self._kept[self._rng.randrange(self._keep)] = (forth, frame)
        return frames


class Gate:
    """Holds the transfers' messages in one direction while it is shut. When it opens it lets them go, late, or they are lost.
    Heartbeats pass, so that nobody takes the link for dead."""

    def __init__(self, forth=True):
        self._forth = forth
        self._shut = threading.Event()
        self._waiting = []
        self.held = 0

    def shut(self):
        self._shut.set()

    def open(self, lose=False):
        if lose:
            self._waiting = []
        self._shut.clear()

    async def passing(self, frame, forth):
        if forth != self._forth:
            return [frame]
        if self._shut.is_set() and carries_data(frame):
            self._waiting.append(frame)
            self.held += 1
            return []
        if self._shut.is_set():
            return [frame]
        late, self._waiting = self._waiting, []
        return [*late, frame]

"""Messages between nodes that come twice, late, in another order, or from strangers (protocol 6: F23, F33, F37)."""

import random
import socket
from contextlib import ExitStack, contextmanager

import network
from cluster import PORT
from director import Fault
from processes import psql
from relay import Gate, Relay, Unruly

GROWTH_KB = 64 * 1024


@contextmanager
def relayed(stage, frames):
    """All links of one node lead through relays, whoever dials; `frames` makes what deals with the frames of one of them, and
    is told whether that node dials."""
    node = stage.rng.choice(stage.cluster.nodes)
    with ExitStack() as relays:
        for other in stage.cluster.others(node):
            for dialler, dialled in ((node, other), (other, node)):
                target = dialled.place.address, PORT
                relay = relays.enter_context(Relay(network.HUB, target, frames=frames(dialler is node)))
                relays.enter_context(network.detour(dialler.place, *target, relay.port))
        yield node


@contextmanager
def unruly_messages(stage):
    """Repeated, swapped, and said again in later connections, also after the receiver is another incarnation."""
    stage.hits_all()
    unruly = Unruly(stage.rng.random())
    with relayed(stage, lambda _: unruly) as node:
        stage.trade_on(60)
        stage.rng.choice(stage.cluster.others(node)).crash()
        stage.trade_on(60)
        stage.wait(lambda: unruly.repeated > 20 and unruly.swapped > 5 and unruly.late > 5,
                   lambda: f"messages were repeated ({unruly.repeated}), swapped ({unruly.swapped}), late ({unruly.late})")
        yield


CANCELLING_AT = """
    SELECT 1 FROM saga JOIN shard ON shard.shard = saga.source_shard JOIN node ON node.incarnation = shard.owner
     WHERE saga.state = 2 AND node.name = '{}' LIMIT 1"""
RELEASED = "SELECT count(*) FROM saga WHERE state = 4"


@contextmanager
def cancels_race_credits(stage):
    """CREDITs of one node stay on the road until their transfers are being cancelled. Then they arrive, and the CANCELs after
    them; or the CANCELs alone."""
    stage.hits_all()
    gates = []

    def gate(node_dials):
        gates.append(Gate(forth=node_dials))
        return gates[-1]
    with relayed(stage, gate) as node:
        for lose in (False, True):
            [[released]] = psql(stage.cluster.database, RELEASED)
            for each in gates:
                each.shut()
            for destination in stage.bank.wallets:
                if destination not in stage.wallets_of(node):
                    stage.bank.transfer_aside(stage.rng.choice(stage.wallets_of(node)), destination)
            try:
                stage.wait(lambda: psql(stage.cluster.database, CANCELLING_AT.format(node.name)), "a transfer is being cancelled")
            finally:
                for each in gates:
                    each.open(lose)
            stage.trade_on(15)
            if lose:
                stage.wait(lambda before=int(released): int(psql(stage.cluster.database, RELEASED)[0][0]) > before,
                           "a transfer was cancelled")
        stage.expect(sum(each.held for each in gates) > 0, "no message was held")
        yield


def shout(node, port, noise):
    try:
        with socket.create_connection((node.host, port), timeout=5) as stranger:
            stranger.sendall(noise)
            stranger.shutdown(socket.SHUT_WR)
            stranger.settimeout(1)
            while stranger.recv(65_536):
                pass
    except OSError:
        pass


@contextmanager
def strangers_shout(stage):
    """At the port that only nodes should reach: noise, lengths of gigabytes, half of a greeting."""
    rng = random.Random(stage.rng.random())
    before = [(node.starts, node.resident_kb()) for node in stage.cluster.nodes]
    header = bytes([0, 0, 0, 0])
    noises = [rng.randbytes(rng.randint(1, 20_000)) for _ in range(30)]
    noises += [header + b"\xff\xff\xff\xff" + bytes(24), header + b"\x7f\xff\xff\xff" + bytes(24) + bytes(100_000),
               b"\x01" + bytes(3) + b"\x10\x00\x00\x00" + bytes(24), b"\x02" + bytes(31), b"\x06" + bytes(31),
               b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100_000]
    silent = []
    try:
        for noise in noises:
            node = stage.rng.choice(stage.cluster.nodes)
            shout(node, node.internal_port, noise)
        for node in stage.cluster.nodes:
            silent += [socket.create_connection((node.host, node.internal_port), timeout=5) for _ in range(20)]
        stage.trade_on(40)
        for node, (starts, resident_kb) in zip(stage.cluster.nodes, before, strict=True):
            stage.expect(node.starts == starts, f"{node} ended")
            growth = node.resident_kb() - resident_kb
            stage.expect(growth < GROWTH_KB, f"the memory of {node} grew by {growth} kB")
        yield
    finally:
        for connection in silent:
            connection.close()


FAULTS = [
    Fault("F23", "messages between nodes come twice, late and in another order", unruly_messages, ("network",)),
    Fault("F33", "transfers are cancelled while their credits are on the road", cancels_race_credits, ("network",)),
    Fault("F37", "strangers shout at the nodes' own port", strangers_shout, others_away_at_most_s=3),
]

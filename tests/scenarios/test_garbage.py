"""Strangers at the HTTP port: the others go on and memory stays bounded (protocol 6, F37)."""

import os
import random
import socket

import pytest

from processes import wait_until
from scene import Scene

GROWTH_KB = 96 * 1024  # a leak of a request's size, or of a connection's, would be more
HALF_SENT = b"POST /v1/transfers HTTP/1.1\r\nHost: x\r\nIdempotency-Key: half\r\nContent-Type: application/json\r\n" \
            b"Content-Length: 400\r\n\r\n{\"amount\":"


@pytest.fixture
def scene(make_dompetd):
    scene = Scene(make_dompetd(http_read_limit_ms=3000).start())
    transfers_go_on(scene, 50)
    scene.resident_kb = scene.dompetd.resident_kb()
    yield scene
    transfers_go_on(scene, 20)
    growth = scene.dompetd.resident_kb() - scene.resident_kb
    assert growth < GROWTH_KB, f"memory grew by {growth} kB"
    scene.check_moved(0)


def transfers_go_on(scene, count):
    client = scene.dompetd.client()
    for number in range(count):
        there = number % 2 == 0
        key = f"{random.getrandbits(64)}"
        answer = scene.send(key, client=client, source=scene.citra if there else scene.dewi,
                            destination=scene.dewi if there else scene.citra)
        assert answer.status == 201, answer
    client.close()


def stranger(scene, first=b""):
    connection = socket.create_connection(("127.0.0.1", scene.dompetd.port), timeout=30)
    connection.sendall(first)
    return connection


def is_closed(connection):
    """By the other side; what it says before is read and thrown away."""
    connection.setblocking(False)
    try:
        while connection.recv(65_536):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def shout(scene, noise):
    """Sends as much of it as is taken."""
    try:
        with stranger(scene) as connection:
            connection.sendall(noise)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass
    except OSError:
        pass


def test_random_bytes_are_hung_up_on(scene):
    rng = random.Random(7)
    for number in range(200):
        noise = rng.randbytes(rng.randint(1, 20_000))
        shout(scene, noise if number % 2 else b"GET /" + noise)
        if number % 20 == 0:
            transfers_go_on(scene, 2)


def test_requests_that_contradict_themselves_disturb_nobody(scene):
    for noise in (b"GET / HTTP/9.9\r\n\r\n", b"\0" * 5_000, b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                  b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
                  b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
                  b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
                  b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
                  b"GET /%00%ff%zz HTTP/1.1\r\n\r\n", b"\r\n" * 2_000, b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n"):
        shout(scene, noise)
    transfers_go_on(scene, 10)


def test_huge_headers_and_bodies_are_not_kept(scene):
    for _ in range(20):
        shout(scene, b"GET /healthz HTTP/1.1\r\nX-Huge: " + b"h" * 1_000_000 + b"\r\n\r\n")
        shout(scene, b"GET /healthz HTTP/1.1\r\n" + b"X-Many: h\r\n" * 50_000 + b"\r\n")
        shout(scene, b"POST /v1/transfers HTTP/1.1\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\n"
                     b"Content-Length: 4000000\r\n\r\n" + b"[" * 4_000_000)
    transfers_go_on(scene, 10)


def test_two_hundred_half_sent_requests_leave_room_for_others_and_are_closed_in_time(scene):
    strangers = [stranger(scene, HALF_SENT[:random.randint(1, len(HALF_SENT))]) for _ in range(200)]
    transfers_go_on(scene, 50)
    wait_until(lambda: all(map(is_closed, strangers)), "all of them are closed")


def test_those_who_send_a_byte_at_a_time_are_closed_in_time_too(scene):
    strangers = [stranger(scene) for _ in range(100)]
    sent = 0

    def all_closed():
        nonlocal sent
        for connection in strangers:
            try:
                connection.send(HALF_SENT[sent % len(HALF_SENT):][:1])
            except OSError:
                pass
        sent += 1
        transfers_go_on(scene, 2)
        return all(map(is_closed, strangers))

    wait_until(all_closed, "all of them are closed")


def test_clients_that_hang_up_before_the_answer_do_not_leak(scene):
    files = len(os.listdir(f"/proc/{scene.dompetd.pid}/fd"))
    for number in range(300):
        connection = stranger(scene, b"GET /v1/wallets HTTP/1.1\r\nHost: x\r\n\r\n")
        if number % 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset instead of goodbye
        connection.close()
    wait_until(lambda: len(os.listdir(f"/proc/{scene.dompetd.pid}/fd")) < files + 20, "its files are closed")

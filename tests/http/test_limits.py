"""What is too large, too slow or too much, and that it disturbs nobody else."""

import socket
import time

from processes import wait_until

MIB = 1024 * 1024


def padded(size):
    body = b'{"name":"Ani","currency":"IDR"'
    return body + b" " * (size - len(body) - 1) + b"}"


def test_a_body_of_one_mebibyte_is_read_and_more_is_413(client):
    assert client.post("/v1/wallets", padded(MIB)).status == 201
    for size in (MIB + 1, 3 * MIB, 20 * MIB):
        answer = client.post("/v1/wallets", padded(size))
        assert (answer.status, answer.code) == (413, "body_too_large")
    assert client.get("/healthz").status == 200


def test_a_bulk_may_have_8_mebibytes(client):
    def items(size):
        body = b'{"items":[]'
        return body + b" " * (size - len(body) - 1) + b"}"
    assert client.post("/v1/transfers/bulk", items(8 * MIB)).code == "too_many_items"
    assert client.post("/v1/transfers/bulk", items(8 * MIB + 1)).status == 413


def test_a_chunked_body_has_the_same_limits(client):
    def chunks(count):
        yield b'{"name":"Ani","currency":"IDR"'
        for _ in range(count):
            yield b" " * 1024
        yield b"}"
    assert client.post("/v1/wallets", chunks(3)).status == 201
    assert client.post("/v1/wallets", chunks(1100)).status == 413


def test_a_header_of_more_than_16_kibibytes_is_431(client):
    assert client.get("/healthz", headers={"X-Long": "x" * 15_000}).status == 200
    answer = client.get("/healthz", headers={"X-Long": "x" * 16_500})
    assert (answer.status, answer.code) == (431, "header_too_large")
    assert client.get("/healthz?" + "x" * 17_000).status == 431
    many = {f"X-{number}": "y" * 100 for number in range(170)}
    assert client.get("/healthz", headers=many).status == 431
    assert client.get("/healthz").status == 200


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def is_closed(connection):
    try:
        return connection.recv(1024) == b""
    except ConnectionResetError:
        return True


def test_half_sent_requests_do_not_disturb_others(server, bank):
    source, destination = bank.open_with("100.00"), bank.open()
    half = []
    for number in range(200):
        connection = connect(server)
        whole = b"POST /v1/transfers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
        connection.sendall(whole[:10 + number % (len(whole) - 10)])
        half.append(connection)
    began = time.monotonic()
    for _ in range(50):
        assert bank.transfer(source, destination, "1.00").status == 201
    assert time.monotonic() - began < 5
    for connection in half:
        assert is_closed(connection)
        connection.close()
    assert bank.available(destination) == "50.00"


def test_a_header_that_comes_too_slowly_is_cut_off(server):
    with connect(server) as connection:
        began = time.monotonic()
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        assert is_closed(connection)
        assert 4 < time.monotonic() - began < 9


def test_bytes_that_are_not_http_are_cut_off(server, client):
    for nonsense in (b"\x16\x03\x01\x02\x00\x01", b"HELLO\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 100,
                     b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456"):
        with connect(server) as connection:
            connection.sendall(nonsense)
            connection.shutdown(socket.SHUT_WR)
            while not is_closed(connection):
                pass
    assert client.get("/healthz").status == 200


def test_pipelined_requests_are_answered_in_order(server):
    with connect(server) as connection:
        requests = [f"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: r{number}\r\n\r\n" for number in range(20)]
        connection.sendall("".join(requests).encode())
        received = b""

        def all_came():
            nonlocal received
            received += connection.recv(65536)
            return received.count(b'{"status":"alive"}') == 20
        wait_until(all_came, "20 answers")
        places = [received.index(f"r{number}\r".encode()) for number in range(20)]
        assert places == sorted(places)


def test_a_stop_lets_requests_finish(server, bank):
    """And what was answered before is there afterwards."""
    wallet = bank.open_with("5.00")
    bank.client.close()
    assert server.stop() == 0
    server.start()
    assert bank.available(wallet) == "5.00"

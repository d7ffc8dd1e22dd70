"""The page as dompetd itself serves it, against dompetd's own answers. What only the stand-in can show is not here."""

import uuid

from page import FORM
from processes import ADMIN_EMAIL, ADMIN_PASSWORD

LIST = '[aria-label="List of sagas"]'


def open_wallet(client, amount=None):
    wallet = client.post("/v1/wallets", {"name": "Ani", "currency": "IDR"}).json["id"]
    if amount:
        body = {"wallet_id": wallet, "amount": amount, "currency": "IDR", "method": "bri"}
        assert client.post("/v1/topups", body, key=str(uuid.uuid4())).status == 201
    return wallet


def transfer(server, amount):
    client = server.client()
    body = {"source_wallet_id": open_wallet(client, amount), "destination_wallet_id": open_wallet(client), "amount": amount,
            "currency": "IDR"}
    answer = client.post("/v1/transfers", body, key=str(uuid.uuid4()))
    client.close()
    assert answer.status == 201, answer
    return answer.json["id"]


def test_the_page_is_served_with_its_files_and_a_strict_policy(server, built):
    client = server.client()
    page = client.get("/inspector")
    assert page.status == 200 and page.body == (built / "index.html").read_bytes()
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-cache"
    for name in ("inspector.js", "inspector.css"):
        asset = client.get(f"/inspector/{name}")
        assert asset.status == 200 and asset.body == (built / name).read_bytes()
    assert client.get("/inspector/../front.hpp").status == 404
    assert client.get("/inspector/nothing.js").status == 404
    client.close()


def test_only_who_knows_the_password_sees_anything(live_page, server):
    identity = transfer(server, "55001.00")
    live_page.read_again(f"#/sagas/{identity}")
    live_page.sees_not("55,001.00")
    live_page.log_in(ADMIN_EMAIL, "not the password")
    live_page.sees("invalid_credentials", within=FORM)
    live_page.log_in(ADMIN_EMAIL, ADMIN_PASSWORD)
    live_page.sees("55,001.00", "settled")
    live_page.press("Log out")
    live_page.sees("Log in", within=FORM)
    live_page.sees_not("55,001.00")


def test_a_page_that_is_read_again_goes_on_with_its_session(live_page):
    live_page.open()
    live_page.sees("Live")
    live_page.read_again("#/cluster")
    live_page.sees("Cluster", "Log out")
    assert not live_page.all(FORM)


def test_a_list_is_exported(live_page, server, downloads):
    identity = transfer(server, "44001.00")
    live_page.open("#/sagas?state=settled")
    live_page.press("Export")
    live_page.press("NDJSON")
    live_page.until(lambda: any(identity in file.read_text() for file in downloads.glob("sagas*.ndjson")), "it is in the file")


def test_a_transfer_is_found_in_the_list(live_page, server):
    identity = transfer(server, "77001.00")
    live_page.open("#/sagas?state=settled")
    live_page.sees("77,001.00", within=LIST)
    assert any(identity in link.get_attribute("href") for link in live_page.all("table.sagas a"))


def test_a_filter_that_the_server_refuses_is_a_sentence(live_page):
    live_page.open("#/sagas?wallet_id=nobody")
    live_page.sees("wallet_id", within=f"{LIST} > .banner.bad")


def test_a_saga_shows_its_amount_and_its_steps(live_page, server):
    live_page.open(f"#/sagas/{transfer(server, '66001.00')}")
    live_page.sees("66,001.00", "settled", "It is over: the money arrived.")
    live_page.sees("Timeline")
    live_page.sees_not("The owner of this saga is down.")


def test_the_cluster_is_shown_or_a_sentence_says_why_not(live_page):
    live_page.open("#/cluster")
    live_page.until(lambda: live_page.all(".tile") or live_page.all("main .banner.bad"), "the map or a sentence")
    assert "could not be shown: " not in live_page.text(), "the view did not break"

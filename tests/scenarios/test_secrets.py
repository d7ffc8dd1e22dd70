"""A full life with every log turned up: nothing that is secret is in a log, in what dompetctl prints, in the metrics, or
readable in the database. The spool of mails is left out: it is where codes go."""

import re
import subprocess
import uuid

from accounts import Person
from bank import open_wallet, top_up, transfer_body
from processes import ADMIN_PASSWORD, clean_environment, dompetctl, of_ledger


class Life:
    """What somebody does, and every secret that came up."""

    def __init__(self, dompetd):
        self.dompetd = dompetd
        self.secrets = {"the administrator's password": ADMIN_PASSWORD}

    def keep(self, name, secret):
        assert secret and len(secret) >= 8, name
        self.secrets[f"{name} ({len(self.secrets)})"] = secret
        return secret

    def tokens(self, answer):
        assert answer.status == 200, answer
        self.keep("an access token", answer.json["access_token"])
        # Whoever sees the signature alone has the token, too: the rest of it is no secret.
        self.keep("a token's signature", answer.json["access_token"].rsplit(".", 1)[1])
        return self.keep("a refresh token", answer.json["refresh_token"])

    def account(self):
        person = Person(self.dompetd, password=self.keep("a password", f"open sesame {uuid.uuid4().hex}"))
        nobody = self.dompetd.client(login=None)
        code = self.keep("a mailed code", person.mailed("Confirm"))
        assert nobody.post("/v1/auth/verify-email", {"code": code}).status == 200
        login = {"email": person.email, "password": person.password}
        refresh_token = self.tokens(nobody.post("/v1/auth/login", login))
        self.tokens(nobody.post("/v1/auth/refresh", {"refresh_token": refresh_token}))
        assert nobody.post("/v1/auth/refresh", {"refresh_token": refresh_token}).status == 401
        assert nobody.post("/v1/auth/forgot-password", {"email": person.email}).status == 202
        person.password = self.keep("a new password", f"open barley {uuid.uuid4().hex}")
        token = self.keep("a reset token", person.mailed("Reset"))
        assert nobody.post("/v1/auth/reset-password", {"token": token, "password": person.password}).status == 200
        return person

    def mistakes(self, person):
        """Secrets where they do not belong, in requests that fail."""
        nobody, client = self.dompetd.client(login=None), person.client()
        wrong = self.keep("a wrong password", f"wrong {uuid.uuid4().hex}")
        stray = self.keep("a stray secret", f"stray{uuid.uuid4().hex}")
        nobody.post("/v1/auth/login", {"email": person.email, "password": wrong})
        nobody.post("/v1/auth/login", {"email": person.email, "password": [wrong], "token": stray})
        nobody.post("/v1/auth/login", b'{"email": "a@example.org", "password": "' + stray.encode())
        nobody.get("/v1/auth/me", headers={"Authorization": f"Bearer {stray}"})
        nobody.get(f"/v1/wallets?access_token={stray}")
        nobody.get(f"/v1/{stray}")
        client.get("/v1/wallets", headers={"X-Api-Key": stray, "Cookie": f"session={stray}"})
        client.post("/v1/transfers", {"card": {"number": stray, "cvv": stray}}, key=str(uuid.uuid4()))

    def cards_and_keys(self, person, wallet):
        """The card is paid with, in vain and well, and looked at; the merchant's servers use their key, and lose it."""
        client, staff = person.client(), self.dompetd.client()
        card = client.post("/v1/cards", {"type": "debit", "provider": "visa", "wallet_id": wallet}).json
        number = self.keep("a card's number", card["number"])
        assert client.post(f"/v1/cards/{card['id']}/reveal", {"reason": "a test"}).json["number"] == number
        assert client.post("/v1/cards/lookup", {"number": number}).status == 200
        merchant = client.post("/v1/merchants", {"name": "Warung", "wallet_id": open_wallet(client, "Warung")}).json["id"]
        assert staff.post(f"/v1/merchants/{merchant}/status", {"status": "active"}).status == 200
        made = client.post(f"/v1/merchants/{merchant}/api-keys", {"name": "till", "scopes": ["payments:write"]}).json
        headers = {"X-Api-Key": self.keep("an API key", made["key"])}
        till = self.dompetd.client(login=None)
        year, month, _ = card["expires_on"].split("-")
        shown = {"number": number, "expiry": f"{month}/{year[2:]}", "cvv": card["cvv"]}
        for wrong, status in (({}, 201), ({"expiry": "01/20"}, 402), ({"number": number[:-1]}, 400), ({"cvv": [number]}, 400)):
            answer = till.post("/v1/payments", {"card": shown | wrong, "amount": "1.00", "currency": "IDR"},
                               key=str(uuid.uuid4()), headers=headers)
            assert answer.status == status, answer
        till.get(f"/v1/transactions?card_number={number}", headers=headers)
        assert client.request("DELETE", f"/v1/merchants/{merchant}/api-keys/{made['id']}").status == 200

    def money(self, person):
        client = person.client()
        source, destination = open_wallet(client, "Ani"), open_wallet(client, "Budi")
        assert top_up(client, source, 100_000, str(uuid.uuid4())).status == 201
        for minor in (1_000, 10**9):
            client.post("/v1/transfers", transfer_body(source, destination, minor), str(uuid.uuid4()))
        return source


def everything_written(dompetd, postgres, databases):
    """By name, what anybody but the owner of the key file might come to read."""
    written = {f"log {path.name}": path.read_bytes().decode(errors="replace") for path in dompetd.directory.glob("*.log")}
    written |= {f"PostgreSQL's {path.name}": path.read_text(errors="replace")
                for path in (postgres.directory / "postgres/log").glob("*")}
    client = dompetd.client()
    written["the metrics"] = client.get("/metrics").body.decode()
    written["the audit"] = client.get("/v1/audit").body.decode()
    for command in (["verify"], ["sagas", "list"]):
        done = dompetctl(*command, *of_ledger(databases), check=False)
        written[f"dompetctl {command[0]}"] = done.stdout + done.stderr
    for number, url in enumerate(databases):
        written[f"database {number}"] = subprocess.run(
            ["pg_dump", "--data-only", "--inserts", url], env=clean_environment(), check=True, capture_output=True, text=True,
            timeout=120).stdout
    return written


def test_no_secret_is_in_a_log_or_readable_in_the_database(make_dompetd, postgres):
    dompetd = make_dompetd(logging_level="debug", http_access_log="all").start()
    life = Life(dompetd)
    person = life.account()
    life.cards_and_keys(person, life.money(person))
    life.mistakes(person)
    dompetd.stop()
    dompetd.start()
    life.account()
    written = everything_written(dompetd, postgres, dompetd.databases)
    assert len(life.secrets) > 15 and all(len(text) > 0 for name, text in written.items() if name.startswith("log")), written.keys()
    assert re.search(r"/v1/auth/login", written["log dompetd.1.log"]), "the log has every request"
    assert person.email in written["database 0"], "the dump has the accounts"
    found = [(name, where) for name, secret in life.secrets.items() for where, text in written.items() if secret in text]
    assert not found, found

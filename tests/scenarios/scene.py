"""Two or three people with a little money, for tests of one thing at a time."""

from bank import balance_of, open_wallet, text_of, top_up, transfer_body
from history import DECLINED, OK, verdict
from processes import Lost, dompetctl, psql, wait_until

STARTING_MINOR = 10_000


def view_of(client, wallet):
    """None while its shard is still on its way back: then the answer is a 503 that asks to come again."""
    answer = client.get(f"/v1/wallets/{wallet}")
    assert answer.status in (200, 503), answer
    return answer.json if answer.status == 200 else None


class Scene:
    """Ayu and Budi have 100.00 each; Citra and Dewi are there to show that others do not notice."""

    def __init__(self, dompetd):
        self.dompetd = dompetd
        client = dompetd.client()
        self.ayu, self.budi, self.citra, self.dewi = (open_wallet(client, name) for name in ("Ayu", "Budi", "Citra", "Dewi"))
        for wallet in self.wallets:
            answer = top_up(client, wallet, STARTING_MINOR, f"initial-{wallet}")
            assert answer.status == 201, answer
        client.close()

    @property
    def wallets(self):
        return [self.ayu, self.budi, self.citra, self.dewi]

    def send(self, key, minor=250, source=None, destination=None, client=None):
        client = client or self.dompetd.client()
        body = transfer_body(source or self.ayu, destination or self.budi, minor, key)
        return client.post("/v1/transfers", body, key)

    def send_into_a_crash(self, key, **more):
        """The process dies while the client waits."""
        try:
            answer = self.send(key, **more)
        except Lost:
            answer = None
        assert self.dompetd.wait_until_dead() == -9
        return answer

    def settle(self, key, **more):
        """Sends until there is a definite answer."""
        client = self.dompetd.client()
        answers = []

        def definite():
            answers.append(self.send(key, client=client, **more))
            return answers[-1] if verdict(answers[-1]) in (OK, DECLINED) else None
        return wait_until(definite, lambda: f"a definite answer to {key}; the last was {answers[-1]}")

    def balance(self, wallet):
        return balance_of(self.dompetd.client(), wallet)

    def check_moved(self, minor):
        """So much went from Ayu to Budi, all told, and nothing is on its way."""
        wait_until(lambda: psql(self.dompetd.database, "SELECT count(*) FROM saga WHERE state IN (1, 2)") == [["0"]],
                   "all sagas are final without help")
        client = self.dompetd.client()
        expected = {self.ayu: STARTING_MINOR - minor, self.budi: STARTING_MINOR + minor,
                    self.citra: STARTING_MINOR, self.dewi: STARTING_MINOR}
        for wallet, balance in expected.items():
            view = wait_until(lambda wallet=wallet: view_of(client, wallet), "the wallet can be read")
            assert view["balance"] == {"available": text_of(balance), "held": "0.00", "total": text_of(balance)}, view
        trial_balance = client.get("/v1/ledger/trial-balance").json
        assert trial_balance["is_balanced"], trial_balance
        dompetctl("verify", "--database", self.dompetd.database)
        assert self.dompetd.metric("dompet_engine_integrity_alarms_total") == 0

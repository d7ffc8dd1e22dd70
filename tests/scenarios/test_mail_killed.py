"""Notices while the process dies: each arrives at least once, and who gets one twice can see that it is the same."""

import random
import re
import threading
import uuid
from collections import defaultdict

from accounts import Person
from bank import open_wallet, top_up
from postbox import Postbox
from processes import Lost, NotSent, psql, wait_until
from test_bank_killed import seed

KILLS = 12
TRANSACTION = re.compile(r"^Transaction: (\S+)", re.M)


class Household:
    """Two people with verified addresses who send each other money whatever happens to the server."""

    def __init__(self, dompetd):
        self.dompetd = dompetd
        self.people = [Person(dompetd, name) for name in ("ani", "budi")]
        ids = ", ".join(f"'{person.id}'" for person in self.people)
        psql(dompetd.database, f"UPDATE app_user SET email_verified_at = now() WHERE id IN ({ids})")
        self.wallets = []
        for person in self.people:
            client = person.client()
            self.wallets.append(open_wallet(client, "Belanja"))
            assert top_up(client, self.wallets[-1], 10_000_000, str(uuid.uuid4())).status == 201
            client.close()
        self.moved = [[], []]  # by who sent: the transactions that were acknowledged
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(who,)) for who in (0, 1)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, who):
        client = self.people[who].client()
        while not self._stop.is_set():
            body = {"source_wallet_id": self.wallets[who], "destination_wallet_id": self.wallets[1 - who],
                    "amount": "1.00", "currency": "IDR"}
            key = str(uuid.uuid4())
            while True:
                try:
                    answer = client.post("/v1/transfers", body, key=key)
                    if answer.status == 201:
                        self.moved[who].append(answer.json["id"])
                        break
                    assert answer.status in (409, 503), answer
                except (Lost, NotSent):
                    pass
                if self._stop.wait(0.02):  # a pause between attempts at a server that is away
                    return
            self._stop.wait(0.005)

    def acknowledged(self):
        return len(self.moved[0]) + len(self.moved[1])


def copies(postbox, address, subject):
    """The mails for somebody by the transaction that they tell about."""
    found = defaultdict(list)
    for letter in postbox.to(address):
        if subject in letter.subject:
            found[TRANSACTION.search(letter.text).group(1)].append(letter)
    return found


def all_are_sent(dompetd):
    [[waiting]] = psql(dompetd.database, "SELECT count(*) FROM mail_outbox WHERE sent_at IS NULL")
    return waiting == "0" and dompetd.metric("dompet_email_waiting") == 0


def check(household, postbox):
    ids = [set(sent) for sent in household.moved]
    for who, person in enumerate(household.people):
        for subject, told in (("You sent", ids[who]), ("You received", ids[1 - who])):
            def missing(subject=subject, told=told, person=person):
                return told - copies(postbox, person.email, subject).keys()
            wait_until(lambda missing=missing: not missing(), lambda missing=missing: f"no notice of {missing()}")
    wait_until(lambda: all_are_sent(household.dompetd), "no mail waits any more")
    doubled = 0
    for person in household.people:
        for subject in ("You sent", "You received"):
            for transaction, letters in copies(postbox, person.email, subject).items():
                assert len({letter.id for letter in letters}) == 1, f"two mails about {transaction}: {letters}"
                assert len({letter.bytes for letter in letters}) == 1, "a copy is the same mail, byte for byte"
                doubled += len(letters) - 1
    identities = [letter.id for letter in postbox.letters]
    rows = psql(household.dompetd.database, "SELECT dedupe_key FROM mail_outbox WHERE dedupe_key IS NOT NULL")
    assert len(rows) == len({key for [key] in rows})
    return doubled, len(set(identities))


def test_every_notice_arrives_whenever_the_process_dies_and_a_second_copy_is_known_as_one(make_dompetd):
    rng = random.Random(seed())
    with Postbox() as postbox:
        dompetd = make_dompetd(**postbox.settings(smtp_timeout_ms=500)).start()
        with Household(dompetd) as household:
            for _ in range(KILLS):
                enough = household.acknowledged() + rng.randint(5, 60)
                wait_until(lambda enough=enough: household.acknowledged() >= enough, "money moves")
                dompetd.kill()
                dompetd.start()
        doubled, mails = check(household, postbox)
        print(f"{household.acknowledged()} transfers, {mails} mails, {doubled} of them twice")


def test_a_process_that_dies_when_the_server_has_the_mail_sends_it_again_under_the_same_id(make_dompetd):
    with Postbox() as postbox:
        dompetd = make_dompetd(**postbox.settings(smtp_timeout_ms=500)).start()
        household = Household(dompetd)
        sent = threading.Event()

        def die(letter):
            if "You sent" in letter.subject and not sent.is_set():
                sent.set()
                dompetd.process.kill()

        postbox.before_taking = die
        client = household.people[0].client()
        body = {"source_wallet_id": household.wallets[0], "destination_wallet_id": household.wallets[1],
                "amount": "1.00", "currency": "IDR"}
        answer = client.post("/v1/transfers", body, key=str(uuid.uuid4()))
        household.moved[0].append(answer.json["id"])
        assert sent.wait(60)
        assert dompetd.wait_until_dead() == -9
        dompetd.start()
        postbox.wait_for(household.people[0].email, "You sent", count=2)
        doubled, _ = check(household, postbox)
        assert doubled >= 1


def test_two_nodes_share_the_mails_and_neither_sends_what_the_other_has_sent(make_dompetd):
    with Postbox() as postbox:
        first = make_dompetd(**postbox.settings(node_name="first")).start()
        household = Household(first)
        second = make_dompetd(**postbox.settings(node_name="second"))
        second.settings["identity_key_file"] = first.settings["identity_key_file"]
        second.start()
        with household:
            wait_until(lambda: household.acknowledged() >= 100, "money moves")
        doubled, _ = check(household, postbox)
        assert doubled == 0
        by_node = [node.metric("dompet_email_sent_total") for node in (first, second)]
        assert min(by_node) > 0, f"both send: {by_node}"

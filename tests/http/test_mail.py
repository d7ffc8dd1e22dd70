"""Mails: what users are told, by a mail server that a test reads. Real SMTP, real transactions."""

import re
import uuid

import pytest

from market import Shop
from people import PASSWORD, Person, new_user
from postbox import Postbox, certificate_of
from processes import Dompetd, dompetctl, psql, wait_until

CODE = re.compile(r"^[\w-]{43}$", re.M)


@pytest.fixture(scope="module")
def fresh_database(database):
    """Makes databases of this module's own."""
    def make():
        name = "mail_" + uuid.uuid4().hex[:8]
        psql(database, f"CREATE DATABASE {name} OWNER dompet", superuser=True)
        url = database.rsplit("/", 1)[0] + "/" + name
        dompetctl("migrate", "up", "--database", url)
        return url
    return make


@pytest.fixture(scope="module")
def postbox():
    with Postbox() as postbox:
        yield postbox


@pytest.fixture(scope="module")
def office(tmp_path_factory, fresh_database, postbox):
    """A server whose mails go to the postbox."""
    settings = postbox.settings(mail_link_base="https://pay.example/", mail_sender_name="Dompet Ümlaut, Ltd.")
    with Dompetd(tmp_path_factory.mktemp("office"), fresh_database(), **settings).start() as dompetd:
        yield dompetd


@pytest.fixture
def staff(office):
    client = office.client()
    yield client
    client.close()


class Member(Person):
    """Somebody whose address is verified, by the code in his mail."""

    def __init__(self, server, postbox, verified=True, **more):
        self.postbox = postbox
        nobody = server.client(login=None)
        made = nobody.post("/v1/auth/register", {key: value for key, value in new_user(**more).items()})
        assert made.status == 201, made
        super().__init__(server, made.json)
        if verified:
            code = CODE.search(self.mail("Confirm your").text).group()
            assert nobody.post("/v1/auth/verify-email", {"code": code}).status == 200
            self.mail("is confirmed")
        nobody.close()

    def mail(self, subject, count=1):
        return self.postbox.wait_for(self.email, subject, count)[-1]

    def subjects(self):
        return [letter.subject for letter in self.postbox.to(self.email)]

    def top_up(self, wallet, amount):
        body = {"wallet_id": wallet, "amount": amount, "currency": "IDR", "method": "bri"}
        answer = self.client.post("/v1/topups", body, key=str(uuid.uuid4()))
        assert answer.status == 201, answer

    def transfer(self, source, destination, amount, **more):
        body = {"source_wallet_id": source, "destination_wallet_id": destination, "amount": amount, "currency": "IDR"} | more
        answer = self.client.post("/v1/transfers", body, key=str(uuid.uuid4()))
        assert answer.status == 201, answer
        return answer.json["id"]


@pytest.fixture
def ani(office, postbox):
    return Member(office, postbox, first_name="Ani")


@pytest.fixture
def budi(office, postbox):
    return Member(office, postbox, first_name="Budi")


# --- accounts ---


def test_whoever_registers_gets_a_code_and_hears_when_it_was_good(office, postbox):
    ani = Member(office, postbox)
    letter = ani.mail("Confirm your")
    assert letter.sender == "no-reply@dompet.invalid"
    assert letter.parsed["From"].addresses[0].display_name == "Dompet Ümlaut, Ltd."
    assert letter.parsed["Auto-Submitted"] == "auto-generated" and letter.parsed["Date"].datetime
    code = CODE.search(letter.text).group()
    assert code in letter.html and f'href="https://pay.example/verify-email?code={code}"' in letter.html
    assert f"https://pay.example/verify-email?code={code}" in letter.text
    assert [mail.subject for mail in postbox.to(ani.email)] == ["Confirm your e-mail address",
                                                                "Your e-mail address is confirmed"]


def test_a_forgotten_password_brings_a_token_and_its_change_is_told(office, ani):
    nobody = office.client(login=None)
    assert nobody.post("/v1/auth/forgot-password", {"email": ani.email}).status == 202
    token = CODE.search(ani.mail("Reset your password").text).group()
    assert nobody.post("/v1/auth/reset-password", {"token": token, "password": PASSWORD + "!"}).status == 200
    letter = ani.mail("Your password was changed")
    assert "Hello Ani," in letter.text and PASSWORD not in letter.text and token not in letter.text


def test_a_mail_keeps_nothing_of_what_it_said_once_it_is_sent(office, ani):
    wait_until(lambda: psql(office.database, "SELECT count(*) FROM mail_outbox WHERE sent_at IS NULL") == [["0"]],
               "all mails are noted as sent")
    rows = psql(office.database, f"SELECT body, html FROM mail_outbox WHERE recipient = '{ani.email}'")
    assert len(rows) == 2 and all(row == ["", ""] for row in rows)


# --- money ---


def test_both_sides_of_a_transfer_are_told_with_the_amount_and_never_before_it_is_durable(office, ani, budi):
    source, destination = ani.open_wallet(name="Belanja <b>"), budi.open_wallet()
    ani.top_up(source, "50000.00")
    transfer = ani.transfer(source, destination, "12500.50", description="Sewa & listrik <script>")
    opened = ani.mail('Your wallet "Belanja <b>" is open')
    assert "Belanja &lt;b&gt;" in opened.html and "Belanja <b>" not in opened.html
    assert "IDR 50000.00" in ani.mail("You topped up IDR 50000.00").text
    sent, received = ani.mail("You sent IDR 12500.50"), budi.mail("You received IDR 12500.50")
    for letter, name in ((sent, "Ani"), (received, "Budi")):
        assert f"Hello {name}," in letter.text and transfer in letter.text
        assert "Sewa & listrik <script>" in letter.text
        assert "Sewa &amp; listrik &lt;script&gt;" in letter.html and "<script>" not in letter.html
        assert f'href="https://pay.example/transactions/{transfer}"' in letter.html
    assert sent.id != received.id


def test_payer_and_merchant_are_told_of_a_payment_its_capture_and_its_refund(office, postbox, staff, ani, budi):
    shop = Shop(office, staff)
    # The shop's owner was made by staff; his address is verified here.
    psql(office.database, f"UPDATE app_user SET email_verified_at = now() WHERE id = '{shop.owner.id}'")
    owner = lambda subject: postbox.wait_for(shop.owner.email, subject)[-1]  # noqa: E731
    wallet = ani.open_wallet()
    ani.top_up(wallet, "900.00")
    body = {"merchant_id": shop.id, "wallet_id": wallet, "amount": "300.00", "currency": "IDR"}
    paid = ani.client.post("/v1/payments", body, key=str(uuid.uuid4()))
    assert paid.status == 201, paid
    assert paid.json["id"] in ani.mail("You paid IDR 300.00").text
    assert paid.json["id"] in owner("You were paid IDR 300.00").text
    held = ani.client.post("/v1/payments", body | {"amount": "200.00", "capture": "manual"}, key=str(uuid.uuid4()))
    ani.mail("IDR 200.00 are set aside for a payment")
    assert shop.post(f"/v1/payments/{held.json['id']}/capture", {"amount": "150.00"}).status in (200, 201)
    assert held.json["id"] in ani.mail("You paid IDR 150.00").text, "an act is shown as its payment"
    refund = shop.post(f"/v1/transactions/{paid.json['id']}/refunds", {"amount": "100.00"})
    assert refund.status == 201, refund
    ani.mail("You got IDR 100.00 back")
    owner("You gave IDR 100.00 back")


def test_a_withdrawal_is_told_when_it_is_under_way_and_when_it_is_paid_out(ani):
    wallet = ani.open_wallet()
    ani.top_up(wallet, "900.00")
    body = {"wallet_id": wallet, "amount": "400.00", "currency": "IDR",
            "destination": {"bank_code": "bri", "account_number": "1234567890"}}
    assert ani.client.post("/v1/withdrawals", body, key=str(uuid.uuid4())).status in (201, 202)
    ani.mail("Your withdrawal of IDR 400.00 is under way")
    letter = ani.mail("Your withdrawal of IDR 400.00 is paid out")
    assert "1234567890" not in letter.bytes.decode(), "no account number leaves the ledger"


def test_who_did_not_prove_his_address_hears_nothing_of_his_money(office, postbox, ani):
    stranger = Member(office, postbox, verified=False)
    wallet, anis = stranger.open_wallet(), ani.open_wallet()
    ani.top_up(anis, "100.00")
    ani.transfer(anis, wallet, "10.00")
    ani.mail("You sent IDR 10.00")
    assert stranger.subjects() == ["Confirm your e-mail address"]


# --- switches ---


def test_notices_can_be_switched_off_one_by_one_and_codes_cannot(office, ani, budi):
    everything = ani.client.get("/v1/auth/me/notices")
    assert everything.status == 200 and set(everything.json.values()) == {True} and len(everything.json) == 8
    off = ani.client.request("PATCH", "/v1/auth/me/notices", {"transfers": False, "topups": False})
    assert off.json == everything.json | {"transfers": False, "topups": False}
    on = ani.client.request("PATCH", "/v1/auth/me/notices", {"topups": True})
    assert on.json == everything.json | {"transfers": False} == ani.client.get("/v1/auth/me/notices").json
    source, destination = ani.open_wallet(), budi.open_wallet()
    ani.top_up(source, "100.00")
    ani.transfer(source, destination, "10.00")
    budi.mail("You received IDR 10.00")
    ani.mail("You topped up IDR 100.00")
    assert not any("sent" in subject for subject in ani.subjects())
    for wrong in ({}, {"codes": False}, {"registered": False}, {"transfers": "no"}, {"transfers": None}):
        assert ani.client.request("PATCH", "/v1/auth/me/notices", wrong).status == 400, wrong


# --- merchants and their documents ---


def test_a_merchant_hears_of_itself_and_of_its_documents(staff, ani):
    merchant = ani.add_merchant(name="Warung „Ani“ 🍜")
    assert merchant["id"] in ani.mail('Your merchant "Warung „Ani“ 🍜" waits for its review').text
    for status in ("active", "active", "inactive"):
        assert staff.post(f"/v1/merchants/{merchant['id']}/status", {"status": status}).status == 200
    assert "was active and is inactive now" in ani.mail("is inactive").text
    assert sum("is active" in subject for subject in ani.subjects()) == 1, "saying it twice is no news"
    document = ani.add_document(merchant["id"], document_type="tax card")
    ani.mail('Your document "tax card" was handed in')
    verdict = {"status": "rejected", "note": "Page two is missing"}
    assert staff.post(f"/v1/merchant-documents/{document['id']}/status", verdict).status == 200
    assert "The reviewer says: Page two is missing" in ani.mail('Your document "tax card" is rejected').text


def test_a_review_that_is_refused_tells_nobody(staff, ani):
    merchant = ani.add_merchant()
    assert staff.post(f"/v1/merchants/{merchant['id']}/status", {"status": "active"}).status == 200
    ani.mail("is active")
    assert staff.post(f"/v1/merchants/{merchant['id']}/status", {"status": "pending"}).status == 409
    assert staff.post(f"/v1/merchants/{merchant['id']}/status", {"status": "rejected"}).status == 200
    ani.mail("is rejected")
    assert not any("is pending" in subject for subject in ani.subjects())


# --- when it cannot be sent ---


def mails_of(staff, address, **filters):
    query = "&".join(f"{name}={value}" for name, value in ({"recipient": address} | filters).items())
    return staff.get(f"/v1/mails?{query}").json["data"]


def test_a_recipient_that_is_refused_for_good_is_kept_and_shown_and_can_be_tried_again(office, postbox, staff, ani):
    postbox.refuse = lambda address: "550 5.1.1 no such mailbox" if address == ani.email else None
    before = office.metric("dompet_email_failed_total")
    try:
        ani.open_wallet()
        [failed] = wait_until(lambda: mails_of(staff, ani.email, state="failed"), "the mail is given up")
    finally:
        postbox.refuse = lambda address: None
    assert (failed["kind"], failed["attempts"], failed["error"]) == ("wallet_opened", 1, "550 5.1.1 no such mailbox")
    assert office.metric("dompet_email_failed_total") == before + 1
    assert "wallet" not in str([failed[name] for name in failed if name not in ("kind", "subject")]), "no body is shown"
    assert staff.post(f"/v1/mails/{failed['id']}/retry").status == 202
    ani.mail("is open")
    [sent] = wait_until(lambda: mails_of(staff, ani.email, kind="wallet_opened", state="sent"), "it is sent")
    assert (sent["id"], sent["attempts"]) == (failed["id"], 2)
    assert staff.post(f"/v1/mails/{failed['id']}/retry").code == "mail_is_gone"
    assert staff.post(f"/v1/mails/{uuid.uuid4()}/retry").code == "mail_not_found"
    audited = staff.get(f"/v1/audit?what=mail.retry&target=mail:{failed['id']}").json["data"]
    assert len(audited) == 1


def test_a_code_that_could_not_be_sent_is_wiped_and_asked_for_again(office, postbox, staff, ani):
    postbox.refuse_message = lambda letter: "554 5.7.1 rejected" if letter.to == [ani.email] else None
    try:
        assert office.client(login=None).post("/v1/auth/forgot-password", {"email": ani.email}).status == 202
        [failed] = wait_until(lambda: mails_of(staff, ani.email, state="failed"), "the mail is given up")
    finally:
        postbox.refuse_message = lambda letter: None
    assert failed["error"] == "554 5.7.1 rejected"
    assert psql(office.database, f"SELECT body, html FROM mail_outbox WHERE id = '{failed['id']}'") == [["", ""]]
    assert staff.post(f"/v1/mails/{failed['id']}/retry").code == "mail_is_gone"


def test_a_mail_that_is_not_taken_now_is_tried_again_until_it_is(office, postbox, staff, ani):
    refusals = []

    def not_now(address):
        if address != ani.email or len(refusals) >= 3:
            return None
        refusals.append(address)
        return "451 4.7.1 greylisted, come back later"
    postbox.refuse = not_now
    try:
        ani.open_wallet()
        ani.mail("is open")
    finally:
        postbox.refuse = lambda address: None
    [sent] = wait_until(lambda: mails_of(staff, ani.email, kind="wallet_opened", state="sent"), "it is sent")
    assert sent["attempts"] == 4 and sent["error"] == "451 4.7.1 greylisted, come back later"


def test_a_dead_mail_server_harms_nobody_and_its_mails_arrive_when_it_is_back(office, postbox, ani, budi):
    postbox.close()
    try:
        source, destination = ani.open_wallet(), budi.open_wallet()
        ani.top_up(source, "1000.00")
        ids = [ani.transfer(source, destination, f"{n}.00") for n in range(1, 21)]
        wait_until(lambda: office.metric("dompet_email_put_off_total") > 0, "the sender has noticed")
        wait_until(lambda: office.metric("dompet_email_waiting") > 20, "mails wait")
        assert office.metric("dompet_email_oldest_age_seconds") >= 0
    finally:
        postbox.open()
    for letters, person in (("You sent", ani), ("You received", budi)):
        person.mail(letters, count=20)
        assert sorted(re.search(r"Transaction: (\S+)", mail.text).group(1) for mail in postbox.wait_for(person.email, letters)) \
            == sorted(ids)


# --- how it is sent ---


def test_codes_go_over_starttls_with_a_login_and_to_nobody_whose_certificate_is_not_believed(
        tmp_path, fresh_database):
    certificate = certificate_of(tmp_path)
    url = fresh_database()
    with Postbox(certificate=certificate, login=("dompet", "geheim")) as postbox:
        settings = postbox.settings(smtp_encryption="required", smtp_user="dompet", smtp_password="geheim")
        with Dompetd(tmp_path / "blind", url, **settings).start() as dompetd:
            person = new_user()
            assert dompetd.client(login=None).post("/v1/auth/register", person).status == 201
            wait_until(lambda: dompetd.metric("dompet_email_put_off_total") > 1, "nobody is believed")
            assert not postbox.letters and not postbox.logins
        with Dompetd(tmp_path / "seeing", url, **settings, smtp_ca_file=certificate[0]).start() as dompetd:
            [letter] = postbox.wait_for(person["email"], "Confirm")
            assert postbox.encrypted == [True] and set(postbox.logins) == {("dompet", "geheim")}
            assert "geheim" not in dompetd.logs()


def test_a_server_that_offers_no_encryption_gets_nothing_where_it_is_required(tmp_path, fresh_database):
    with Postbox() as postbox:
        settings = postbox.settings(smtp_encryption="required")
        with Dompetd(tmp_path / "careful", fresh_database(), **settings).start() as dompetd:
            assert dompetd.client(login=None).post("/v1/auth/register", new_user()).status == 201
            wait_until(lambda: dompetd.metric("dompet_email_put_off_total") > 1, "it was tried")
            assert not postbox.letters


def test_without_a_mail_server_mails_are_files_and_nobody_listens_to_money(server, client):
    person = Person(server, client.post("/v1/users", new_user()).json)
    wait_until(lambda: mails_of(client, person.email, state="sent"), "the code is filed")
    assert [mail["kind"] for mail in mails_of(client, person.email)] == ["registered"]
    assert psql(server.database, "SELECT * FROM event_mark WHERE consumer = 'mail'") == []

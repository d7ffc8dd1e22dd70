"""/graphql: the routes of /v1 as a graph, with the same rights, rules and money."""

import threading
import uuid

import pytest

from graph import Graph
from market import Customer
from people import PASSWORD, add_person
from processes import wait_until


def key():
    return str(uuid.uuid4())


def available(customer):
    return customer.balance()["available"]


def answered(server, route):
    """How many GET requests of this route were answered with 200."""
    client = server.client()
    text = client.get("/metrics").body.decode()
    client.close()
    lines = [line for line in text.splitlines() if line.startswith("dompet_http_requests_total{") and f'route="{route}"' in line
             and 'method="GET"' in line and 'status="200"' in line]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


@pytest.fixture
def graph(ani):
    return Graph(ani.client)


@pytest.fixture
def budi(server, client):
    customer = Customer(server, client, amount="500000.00")
    yield customer
    customer.close()


@pytest.fixture
def nobody(server):
    client = server.client(login=None)
    yield Graph(client)
    client.close()


# --- reading ---

def test_one_request_answers_with_several_things_and_only_what_is_wanted(graph, ani):
    data = graph.ask("{ me { id email } wallets(first: 5) { nodes { id available currency entries(first: 1) { nodes { kind amount } } } } }")
    assert data == {
        "me": {"id": ani.id, "email": ani.person.email},
        "wallets": {"nodes": [{"id": ani.wallet, "available": "1000000.00", "currency": "IDR",
                               "entries": {"nodes": [{"kind": "credited", "amount": "1000000.00"}]}}]},
    }


def test_things_of_others_are_not_there(graph, budi):
    refused = graph.refusal("query ($id: ID!) { wallet(id: $id) { id } }", {"id": budi.wallet})
    assert refused["path"] == ["wallet"] and refused["extensions"]["code"] == "wallet_not_found"
    assert refused["extensions"]["status"] == 404
    assert graph.code("{ sagas { nodes { id } } }") == "forbidden"
    assert graph.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": budi.wallet}) == {"node": None}


def test_a_wallet_of_another_in_a_transaction_is_null_without_a_fault(graph, ani, budi):
    sent = ani.transfer(budi.wallet, "1000.00").json["id"]
    data = graph.ask("query ($id: ID!) { transaction(id: $id) { sourceWallet { id } destinationWallet { id } merchant { id } } }",
                     {"id": sent})
    assert data["transaction"] == {"sourceWallet": {"id": ani.wallet}, "destinationWallet": None, "merchant": None}


def test_a_path_cannot_be_smuggled_in_by_an_id(graph, ani):
    assert graph.code("query ($id: ID!) { wallet(id: $id) { id } }", {"id": f"{ani.wallet}/entries"}) == "invalid_id"
    assert graph.code("query ($s: String!) { wallets(search: $s, first: 0) { nodes { id } } }", {"s": "a&limit=5"}) == "invalid_parameter"


def test_nodes_are_found_by_their_ids(graph, ani):
    card = ani.card["id"]
    sent = ani.top_up("1.00").json["id"]
    text = "query ($id: ID!) { node(id: $id) { __typename id ... on Wallet { name } ... on Card { numberMasked } ... on Transaction { kind } } }"
    assert graph.ask(text, {"id": ani.wallet})["node"] == {"__typename": "Wallet", "id": ani.wallet, "name": "Belanja"}
    assert graph.ask(text, {"id": card})["node"]["numberMasked"] == ani.card["number_masked"]
    assert graph.ask(text, {"id": sent})["node"] == {"__typename": "Transaction", "id": sent, "kind": "topup"}
    assert graph.ask(text, {"id": ani.id})["node"] == {"__typename": "User", "id": ani.id}


def test_a_list_is_walked_by_cursors_of_pages_and_of_edges(graph, ani):
    for amount in range(1, 8):
        assert ani.top_up(f"{amount}.00").status == 201
    text = """query ($first: Int, $after: String) { transactions(first: $first, after: $after) {
        edges { cursor node { amount } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    whole = graph.ask(text, {"first": 200})["transactions"]
    amounts = [edge["node"]["amount"] for edge in whole["edges"]]
    assert len(amounts) == 8 and amounts[0] == "7.00" and whole["pageInfo"]["hasNextPage"] is False
    found, after = [], None
    while True:
        page = graph.ask(text, {"first": 3, "after": after})["transactions"]
        found += [edge["node"]["amount"] for edge in page["edges"]]
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == amounts
    for place, edge in enumerate(whole["edges"][:-1]):
        rest = graph.ask(text, {"first": 2, "after": edge["cursor"]})["transactions"]
        assert [one["node"]["amount"] for one in rest["edges"]] == amounts[place + 1:place + 3]


@pytest.mark.parametrize("text", [
    "{ cards { nodes { id walletId type status wallet { id } } } }",
    "{ merchants { nodes { id name status wallet { id } } } }",
    "{ users { nodes { id username fullname roles role } } }",
    "{ history { nodes { id kind amount } } }",
    "{ myWallets { walletId user { id } transactions(first: 2) { nodes { id sourceWallet { id } destinationWallet { id } } } } }",
])
def test_every_list_of_a_customer_answers(graph, text):
    graph.ask(text)


def test_operators_see_sagas(client, ani, budi):
    sent = ani.transfer(budi.wallet, "1.00").json["id"]
    graph = Graph(client)
    data = graph.ask("""query ($id: ID!, $wallet: ID!) { saga(id: $id) { id kind sourceWalletId transaction { id } }
        sagas(first: 2, walletId: $wallet) { nodes { id state kind ageMs stuck sourceShard } pageInfo { hasNextPage } } }""",
                     {"id": sent, "wallet": ani.wallet})
    assert data["saga"] == {"id": sent, "kind": "transfer", "sourceWalletId": ani.wallet, "transaction": {"id": sent}}
    assert [one["id"] for one in data["sagas"]["nodes"]] == [sent]


def test_equal_reads_of_one_document_are_asked_once(server, graph, ani):
    def reads():
        return answered(server, "/v1/wallets/{id}")
    for _ in range(3):
        ani.top_up("1.00")
    before = reads()
    data = graph.ask("{ transactions(first: 4) { nodes { destinationWallet { id } } } }")
    assert [one["destinationWallet"]["id"] for one in data["transactions"]["nodes"]] == [ani.wallet] * 4
    assert reads() == before + 1


# --- money ---

TRANSFER = """mutation ($from: ID!, $to: ID!, $amount: Decimal!) {
    transfer(input: {sourceWalletId: $from, destinationWalletId: $to, amount: $amount, currency: "IDR", metadata: {orderNo: 4711}}) {
        id kind status amount metadata } }"""


def test_a_transfer_moves_money_once_however_often_it_is_sent(graph, ani, budi):
    variables = {"from": ani.wallet, "to": budi.wallet, "amount": "25000.00"}
    once = key()
    made = graph.ask(TRANSFER, variables, key=once)["transfer"]
    assert (made["kind"], made["status"], made["amount"]) == ("transfer", "completed", "25000.00")
    assert made["metadata"] == {"orderNo": 4711}, "what is free keeps its names"
    assert graph.ask(TRANSFER, variables, key=once)["transfer"] == made
    assert (available(ani), available(budi)) == ("975000.00", "525000.00")
    other = variables | {"amount": "1.00"}
    assert graph.code(TRANSFER, other, key=once) == "idempotency_key_reused"


def test_every_field_has_a_key_of_its_own_by_its_place(graph, ani):
    text = """mutation ($id: ID!) {
        first: topupWallet(walletId: $id, amount: 10) { available }
        second: topupWallet(walletId: $id, amount: 10) { available } }"""
    once = key()
    data = graph.ask(text, {"id": ani.wallet}, key=once)
    assert data["second"] == {"available": "1000020.00"}
    graph.ask(text, {"id": ani.wallet}, key=once)
    assert available(ani) == "1000020.00"


def test_the_argument_is_the_key_that_the_route_knows(graph, ani, budi):
    once = key()
    moved = ani.transfer(budi.wallet, "100.00", key=once).json
    data = graph.ask("""mutation ($from: ID!, $to: ID!, $key: String!) { transfer(idempotencyKey: $key,
        input: {sourceWalletId: $from, destinationWalletId: $to, amount: "100.00", currency: "IDR"}) { id } }""",
                     {"from": ani.wallet, "to": budi.wallet, "key": once})
    assert data["transfer"]["id"] == moved["id"]
    assert available(budi) == "500100.00"


def test_a_long_key_is_as_good_as_a_short_one(graph, ani):
    """With the place of the field it is longer than a route takes."""
    text = """mutation ($id: ID!) { first: topupWallet(walletId: $id, amount: 10) { id }
        second: topupWallet(walletId: $id, amount: 10) { id } }"""
    once = (key() * 4)[:128]
    graph.ask(text, {"id": ani.wallet}, key=once)
    graph.ask(text, {"id": ani.wallet}, key=once)
    assert available(ani) == "1000020.00"
    assert graph.code("mutation ($id: ID!) { topupWallet(walletId: $id, amount: 10) { id } }", {"id": ani.wallet},
                      key=once + "x") == "invalid_idempotency_key"


def test_money_without_a_key_is_refused(graph, ani, budi):
    assert graph.code(TRANSFER, {"from": ani.wallet, "to": budi.wallet, "amount": "1.00"}) == "idempotency_key_required"
    assert available(budi) == "500000.00"


def test_a_refusal_says_what_the_problem_of_the_route_says(graph, ani, budi):
    refused = graph.refusal(TRANSFER, {"from": ani.wallet, "to": budi.wallet, "amount": "99999999.00"}, key=key())
    assert refused["path"] == ["transfer"] and refused["extensions"]["status"] == 402
    assert refused["extensions"]["code"] == "insufficient_funds" and refused["extensions"]["transactionId"]
    refused = graph.refusal(TRANSFER, {"from": ani.wallet, "to": budi.wallet, "amount": "1.001"}, key=key())
    assert refused["extensions"]["code"] == "invalid_amount" and refused["extensions"]["errors"][0]["field"] == "amount"
    refused = graph.refusal(TRANSFER, {"from": budi.wallet, "to": ani.wallet, "amount": "1.00"}, key=key())
    assert refused["extensions"]["status"] in (403, 404), "the wallet of another"


@pytest.mark.parametrize("amount, balance", [
    ("0.1", "1000000.10"), ("1e3", "1001000.00"), ("12.50", "1000012.50"), ("123456789.01", "124456789.01"), ("5.000", "1000005.00"),
])
def test_a_float_is_taken_by_what_is_written(graph, ani, amount, balance):
    graph.act(f'mutation {{ topupWallet(walletId: "{ani.wallet}", amount: {amount}) {{ id }} }}')
    assert available(ani) == balance
    answer = graph.send("{ myWallets { balance available } }")
    assert f'"balance":{balance},'.encode() in answer.body, "all digits, as a number"


def test_payments_are_authorized_captured_voided_and_refunded(ani, shop):
    till = Graph(shop.client)

    def act(text, variables):
        return till.ask(text, variables, key=key(), headers=shop.headers)
    pay = """mutation ($card: CardShownInput!, $amount: Decimal!, $capture: String) { pay(input: {card: $card, amount: $amount,
        currency: "IDR", capture: $capture}) { id kind status amount remainingAmount merchantId } }"""
    card = ani.shown_card()
    held = act(pay, {"card": card, "amount": "90000", "capture": "manual"})["pay"]
    assert (held["status"], held["remainingAmount"], held["merchantId"]) == ("authorized", "90000.00", shop.id)
    taken = act('mutation ($id: ID!) { capture(paymentId: $id, amount: "50000", final: false) { id remainingAmount } }', {"id": held["id"]})
    assert taken["capture"]["id"]
    assert shop.balance()["available"] == "50000.00"
    act("mutation ($id: ID!) { void(paymentId: $id) { status } }", {"id": held["id"]})
    assert available(ani) == "950000.00"
    paid = act(pay, {"card": card, "amount": "20000", "capture": "automatic"})["pay"]
    assert paid["status"] == "completed"
    back = act('mutation ($id: ID!) { refund(transactionId: $id, amount: "5000") { kind amount } }', {"id": paid["id"]})
    assert back["refund"] == {"kind": "refund", "amount": "5000.00"}
    assert available(ani) == "935000.00"


def test_a_withdrawal_goes_to_a_bank(graph, ani):
    data = graph.act("""mutation ($id: ID!) { withdraw(input: {walletId: $id, amount: "50000.00", currency: "IDR",
        destination: {bankCode: "bri", accountNumber: "1234567890"}}) { kind amount sourceWalletId } }""", {"id": ani.wallet})
    assert data["withdraw"] == {"kind": "withdrawal", "amount": "50000.00", "sourceWalletId": ani.wallet}


# --- the fields of a small wallet application ---

TRANSACTION = "transactionId userId walletId amount:Float type vaNumber status createdAt"
HISTORY = "historyId transactionId userId amount:Float type status createdAt vaNumber"
WALLET = "walletId userId walletName balance:Float status"
# By field: its arguments, those of its input, and what is asked of its answer.
SIMPLE = {
    "Query": {
        "myProfile": ("token", "", "user_id username fullname email role"), "myWallets": ("", "", WALLET),
        "myTransactions": ("", "", TRANSACTION), "myHistory": ("", "", HISTORY),
        "getFraudLogs": ("", "", "logId userId amount:Float status reason"),
        "getOrderByVA": ("vaNumber", "", "id totalHarga:Float status paymentStatus nomorVA"),
    },
    "Mutation": {
        "registerUser": ("username fullname email password", "", "String"),
        "loginUser": ("email password", "", "access_token token_type user"),
        "createWallet": ("walletName", "", WALLET), "deleteWallet": ("walletId", "", "success message"),
        "topupWallet": ("walletId amount:Float", "", WALLET), "deductWallet": ("walletId amount:Float", "", WALLET),
        "createTransaction": ("input", "walletId amount:Float type:TransactionType vaNumber", TRANSACTION),
        "deleteAllTransactions": ("", "", "success message"),
        "checkFraud": ("userId amount:Float", "", "is_fraud:Boolean status reason"), "deleteFraudLog": ("logId", "", "Boolean"),
        "addHistory": ("input", "transactionId userId amount:Float type status", "Boolean"),
        "deleteHistory": ("historyId", "", "Boolean"), "generateInvoiceVA": ("amount:Float description", "", "String"),
        "simulateRaceCondition": ("walletId iterations:Int topupAmount:Float deductAmount:Float", "",
                                  "expectedBalance:Float actualBalance:Float hasRaceCondition:Boolean message"),
    },
}
REFERENCE = "name kind ofType { name kind ofType { name kind ofType { name kind } } }"


def innermost(reference):
    while reference.get("ofType"):
        reference = reference["ofType"]
    return reference["name"]


def lacking(wanted, members):
    """Which of the names are no members, or of another type than they say."""
    types = {one["name"]: innermost(one["type"]) for one in members}
    pairs = [(word.split(":") + [None])[:2] for word in wanted.split()]
    return [name for name, type_ in pairs if name not in types or type_ not in (None, types[name])]


@pytest.mark.parametrize("root, field", [(root, field) for root, fields in SIMPLE.items() for field in fields])
def test_a_small_wallet_application_finds_every_field_by_its_name_and_shape(graph, root, field):
    def members(kind):
        return graph.ask(f"""query ($name: String!) {{ __type(name: $name) {{
            fields {{ name type {{ {REFERENCE} }} args {{ name defaultValue type {{ {REFERENCE} }} }} }}
            inputFields {{ name defaultValue type {{ {REFERENCE} }} }} }} }}""", {"name": kind})["__type"]
    arguments, inputs, answer = SIMPLE[root][field]
    [there] = [one for one in members(root)["fields"] if one["name"] == field]

    def check(wanted, given):
        assert lacking(wanted, given) == []
        names = {word.split(":")[0] for word in wanted.split()}
        more = [one["name"] for one in given if one["type"]["kind"] == "NON_NULL" and one["defaultValue"] is None]
        assert set(more) <= names, "whatever else there is may be left out"
    check(arguments, there["args"])
    if inputs:
        check(inputs, members(innermost(there["args"][0]["type"]))["inputFields"])
    kind = innermost(there["type"])
    assert kind == answer if answer in ("String", "Boolean") else lacking(answer, members(kind)["fields"]) == []


def test_a_stranger_registers_logs_in_and_opens_wallets(server, nobody):
    name = f"u{uuid.uuid4().hex[:10]}"
    variables = {"username": name, "fullname": "Ani Putri Lestari", "email": f"{name}@example.com", "password": PASSWORD}
    said = nobody.ask("""mutation ($username: String!, $fullname: String!, $email: String!, $password: String!) {
        registerUser(username: $username, fullname: $fullname, email: $email, password: $password) }""", variables)
    assert name in said["registerUser"]
    login = nobody.ask("""mutation ($email: String!, $password: String!) { loginUser(email: $email, password: $password) {
        access_token token_type user { user_id username fullname email role } } }""",
                       {"email": variables["email"], "password": PASSWORD})["loginUser"]
    assert login["token_type"] == "Bearer"
    assert login["user"] | {"user_id": None} == {"user_id": None, "username": name, "fullname": "Ani Putri Lestari",
                                                 "email": variables["email"], "role": "customer"}
    # The token as an argument, where no header has one.
    profile = nobody.ask("query ($token: String!) { myProfile(token: $token) { user_id fullname } }", {"token": login["access_token"]})
    assert profile["myProfile"]["user_id"] == login["user"]["user_id"]
    assert nobody.code("{ myWallets { walletId } }") == "unauthenticated"
    mine = Graph(server.client(login=None, token=login["access_token"]))
    made = mine.ask('mutation { createWallet(walletName: "Tabungan") { walletId userId walletName balance status } }')["createWallet"]
    assert made | {"walletId": None} == {"walletId": None, "userId": login["user"]["user_id"], "walletName": "Tabungan", "balance": 0,
                                         "status": "ACTIVE"}
    assert mine.ask("{ myWallets { walletId } }")["myWallets"] == [{"walletId": made["walletId"]}]
    mine.client.close()


def test_a_token_that_is_none_is_401_whatever_is_asked(nobody):
    answer = nobody.send("{ __typename }", headers={"Authorization": "Bearer nonsense"})
    assert (answer.status, answer.code) == (401, "invalid_token")


CREATE = """mutation ($input: TransactionInput!) { createTransaction(input: $input) {
    transactionId userId walletId amount type vaNumber status createdAt destinationWalletId transaction { kind } } }"""


def test_transactions_are_deposits_and_transfers_that_arrive(graph, ani, budi):
    def create(**more):
        return graph.act(CREATE, {"input": {"walletId": ani.wallet} | more})["createTransaction"]
    deposit = create(amount=50000, type="DEPOSIT")
    assert (deposit["type"], deposit["status"], deposit["walletId"], deposit["amount"]) == ("DEPOSIT", "SUCCESS", ani.wallet, 50000)
    assert deposit["userId"] == ani.id and deposit["transaction"] == {"kind": "topup"}
    sent = create(amount=20000.5, type="TRANSFER", destinationWalletId=budi.wallet)
    assert (sent["type"], sent["destinationWalletId"]) == ("TRANSFER", budi.wallet)
    assert (available(ani), available(budi)) == ("1029999.50", "520000.50")
    newest = graph.ask("{ myTransactions { transactionId type } myHistory { historyId type status amount } }")
    assert newest["myTransactions"][0] == {"transactionId": sent["transactionId"], "type": "TRANSFER"}
    assert newest["myHistory"][0] == {"historyId": sent["transactionId"], "type": "TRANSFER", "status": "SUCCESS", "amount": 20000.5}


@pytest.mark.parametrize("more", [{"type": "TRANSFER"}, {"type": "PAYMENT"}])
def test_money_does_not_go_nowhere(graph, ani, more):
    assert graph.code(CREATE, {"input": {"walletId": ani.wallet, "amount": 1000} | more}, key=key()) == "invalid_field"
    assert graph.code("mutation ($id: ID!) { deductWallet(walletId: $id, amount: 10) { id } }", {"id": ani.wallet}, key=key()) == "invalid_field"
    assert available(ani) == "1000000.00"


def test_a_negative_amount_adds_nothing_and_the_wallet_of_another_is_not_there(graph, ani, budi):
    deduct = "mutation ($id: ID!, $to: ID!, $amount: Float!) { deductWallet(walletId: $id, amount: $amount, destinationWalletId: $to) { balance } }"
    assert graph.code(deduct, {"id": ani.wallet, "to": budi.wallet, "amount": -5}, key=key()) == "invalid_amount"
    assert graph.code(deduct, {"id": budi.wallet, "to": ani.wallet, "amount": 5}, key=key()) == "wallet_not_found"
    assert graph.act(deduct, {"id": ani.wallet, "to": budi.wallet, "amount": 1000})["deductWallet"] == {"balance": 999000}


def test_history_is_hidden_and_shown_but_never_written_or_deleted(graph, ani):
    made = ani.top_up("3000.00").json["id"]
    assert graph.ask("mutation ($id: ID!) { deleteHistory(historyId: $id) }", {"id": made})["deleteHistory"] is True

    def shown():
        return made in [one["historyId"] for one in graph.ask("{ myHistory { historyId } }")["myHistory"]]
    assert not shown()
    assert ani.client.get(f"/v1/transactions/{made}").status == 200
    add = "mutation ($input: HistoryInput!) { addHistory(input: $input) }"
    entry = {"transactionId": made, "userId": ani.id, "amount": 3000, "type": "DEPOSIT", "status": "SUCCESS"}
    assert graph.code(add, {"input": entry | {"amount": 9000}}) == "invalid_field"
    assert graph.code(add, {"input": entry | {"userId": str(uuid.uuid4())}}) == "invalid_field"
    assert not shown()
    assert graph.ask(add, {"input": entry})["addHistory"] is True
    assert shown()
    assert graph.ask("mutation { deleteAllTransactions { success message } }")["deleteAllTransactions"]["success"] is True
    assert graph.ask("{ myTransactions { transactionId } }")["myTransactions"] == []
    assert available(ani) == "1003000.00"


def test_a_wallet_is_closed_when_it_is_empty(graph, ani):
    close = "mutation ($id: ID!) { deleteWallet(walletId: $id) { success message } }"
    assert graph.ask(close, {"id": ani.wallet})["deleteWallet"]["success"] is False
    empty = ani.person.open_wallet()
    assert graph.ask(close, {"id": empty})["deleteWallet"]["success"] is True
    assert graph.ask("query ($id: ID!) { wallet(id: $id) { status } }", {"id": empty})["wallet"] == {"status": "CLOSED"}


def test_a_race_loses_nothing_and_has_a_bound(graph, ani):
    race = """mutation ($id: ID!, $n: Int!) { simulateRaceCondition(walletId: $id, iterations: $n, topupAmount: 100, deductAmount: 30) {
        expectedBalance actualBalance hasRaceCondition message } }"""
    assert graph.code(race, {"id": ani.wallet, "n": 3}, key=key()) == "invalid_field", "there is no other wallet"
    ani.person.open_wallet()
    data = graph.act(race, {"id": ani.wallet, "n": 20})["simulateRaceCondition"]
    assert data["hasRaceCondition"] is False and data["expectedBalance"] == data["actualBalance"] == 1001400
    assert graph.code(race, {"id": ani.wallet, "n": 21}, key=key()) == "invalid_field"
    assert graph.code(race, {"id": ani.wallet, "n": 1}) == "idempotency_key_required"
    nothing = race.replace("topupAmount: 100, deductAmount: 30", "topupAmount: 1, deductAmount: 1, counterWalletId: $id")
    closed = ani.person.open_wallet()
    assert ani.client.post(f"/v1/wallets/{closed}/close").status == 200
    assert graph.code(nothing, {"id": closed, "n": 1}, key=key()) == "wallet_closed", "nothing moved, so nothing is well"
    assert available(ani) == "1001400.00"


def test_fraud_is_what_the_risk_rules_say(client, graph, ani):
    verdict = Graph(client).ask("mutation ($id: ID!) { checkFraud(userId: $id, amount: 1000) { is_fraud status reason } }", {"id": ani.id})
    assert verdict["checkFraud"] == {"is_fraud": False, "status": "SAFE", "reason": "No rule speaks against it."}
    [newest, *_] = Graph(client).ask("{ getFraudLogs { logId userId amount status reason } }")["getFraudLogs"]
    assert newest | {"logId": None} == {"logId": None, "userId": ani.id, "amount": 1000, "status": "SAFE",
                                        "reason": "No rule speaks against it."}, "a question is on record too"


def test_fraud_logs_are_never_deleted(graph):
    assert graph.code('mutation { deleteFraudLog(logId: "1") }') == "forbidden"


def test_an_invoice_has_a_number_and_is_paid_by_it(client, graph, ani, shop):
    number = Graph(client).ask("mutation ($id: ID!) { generateInvoiceVA(amount: 75000, description: \"shoes\", merchantId: $id) }",
                               {"id": shop.id})["generateInvoiceVA"]
    paid = graph.act(CREATE, {"input": {"walletId": ani.wallet, "amount": 75000, "type": "PAYMENT", "vaNumber": number}})
    assert (paid["createTransaction"]["status"], paid["createTransaction"]["vaNumber"]) == ("SUCCESS", number)


def test_who_pays_sees_the_order_of_a_number(client, graph, shop):
    number = Graph(client).ask("mutation ($id: ID!) { generateInvoiceVA(amount: 75000, merchantId: $id) }", {"id": shop.id})["generateInvoiceVA"]
    order = graph.ask("""query ($va: String!) { getOrderByVA(vaNumber: $va) { id totalHarga exactAmount currency status paymentStatus nomorVA
        invoice { id } } }""", {"va": number})
    assert order["getOrderByVA"] == {"id": number, "totalHarga": 75000, "exactAmount": "75000.00", "currency": "IDR", "status": "PENDING",
                                     "paymentStatus": "UNPAID", "nomorVA": number, "invoice": None}


def test_a_number_that_is_nobodys_has_no_order(graph):
    answer = graph.send('{ getOrderByVA(vaNumber: "880000000000000000") { id } }')
    assert answer.json["data"] == {"getOrderByVA": None} and answer.json["errors"][0]["extensions"]["status"] == 404


def test_an_invoice_without_a_merchant_is_that_of_the_only_one(ani):
    graph = Graph(ani.client)
    ani.person.add_merchant()
    one = graph.send("mutation { generateInvoiceVA(amount: 75000) }").json
    assert "several" not in str(one)
    ani.person.add_merchant(name="Toko")
    refused = graph.refusal("mutation { generateInvoiceVA(amount: 75000) }")
    assert refused["extensions"]["code"] == "invalid_field" and "several merchants" in refused["message"]


def test_who_gets_money_finds_it_by_his_own_wallet(ani, budi):
    ani.transfer(budi.wallet, "10.00")
    of_both = [Graph(one.client).ask("{ myTransactions { walletId userId destinationWalletId } }")["myTransactions"][0]
               for one in (ani, budi)]
    assert of_both == [{"walletId": one.wallet, "userId": one.id, "destinationWalletId": budi.wallet} for one in (ani, budi)]


# --- the protocol ---

def test_what_is_no_document_is_400_or_200_by_what_the_client_takes(graph):
    wrong = graph.send("{ nothing }")
    assert wrong.status == 400 and wrong.headers["content-type"].startswith("application/graphql-response+json")
    assert wrong.json["errors"][0]["locations"] == [{"line": 1, "column": 3}] and "data" not in wrong.json
    plain = graph.send("{ nothing }", headers={"Accept": "application/json"})
    assert plain.status == 200 and plain.headers["content-type"].startswith("application/json")
    assert graph.send("{ me { id }").json["errors"][0]["extensions"]["code"] == "graphql_syntax"


@pytest.mark.parametrize("body, status, code", [
    ({}, 400, "missing_field"),
    ({"query": 5}, 400, "invalid_field"),
    ({"query": "{me{id}}", "variables": []}, 400, "invalid_field"),
    ({"query": "{me{id}}", "operationName": 1}, 400, "invalid_field"),
    ({"query": "{me{id}}", "doc_id": "x"}, 400, "unknown_field"),
    (b"{me{id}}", 400, "malformed_json"),
])
def test_a_body_that_is_no_request_is_a_problem(graph, body, status, code):
    answer = graph.client.post("/graphql", body)
    assert (answer.status, answer.code) == (status, code)


def test_the_operation_that_is_named_is_carried_out(graph):
    text = "query A { me { id } } query B { __typename }"
    assert graph.ask(text, operationName="B") == {"__typename": "Query"}
    assert graph.code(text) == graph.code(text, operationName="C") == "graphql_operation"


def bomb():
    fragments = [f"fragment f{i} on Wallet {{ ...f{i + 1} a{i}: id ... {{ ...f{i + 1} }} }}" for i in range(30)]
    return "{ myWallets { ...f0 } } fragment f30 on Wallet { id } " + " ".join(fragments)


@pytest.mark.parametrize("text, code", [
    ("{wallets{nodes{" + "transactions{nodes{sourceWallet{" * 5 + "id" + "}" * 18, "query_too_deep"),
    ("{" + " ".join(f"a{i}: me {{ id }}" for i in range(100)) + "}", "query_too_large"),
    ("{ me {" + " ".join(f"a{i}: id" for i in range(2_000)) + "} }", "query_too_large"),
    ("{" * 5_000, "query_too_large"),
    ("[" * 5_000, "query_too_large"),
    ("{ me(a: " + "[" * 9_000 + ") }", "query_too_large"),
    ("#" * 100_000, "query_too_large"),
    ("{ me { " + "id " * 20_000 + "} }", "query_too_large"),
    ("{ wallets(first: 200) { nodes { transactions(first: 200) { nodes { id } } } } }", "query_too_costly"),
    (bomb(), "query_too_large"),
], ids=["deep", "roots", "aliases", "braces", "brackets", "lists", "bytes", "tokens", "cost", "fragments"])
def test_what_asks_for_too_much_is_refused_before_anything_is_asked(server, graph, text, code):
    def asked():
        return answered(server, "/v1/wallets") + answered(server, "/v1/auth/me")
    before = asked()
    assert graph.code(text) == code
    assert asked() == before


def test_variables_are_not_multiplied_by_the_fields_that_use_them(server, graph):
    """However long a variable is and however often it is used, nothing is asked and little is held."""
    many = "query ($v: ID!) { myWallets { " + " ".join(f"a{i}: entries(first: 1, after: $v) {{ nodes {{ seq }} }}" for i in range(130)) + " } }"
    many = many.replace("$v: ID!", "$v: String!")
    before = answered(server, "/v1/wallets")
    assert graph.code(many, {"v": "x" * 1_000_000}) == "query_too_large"
    assert graph.code(many, {"v": "x" * 1_000}) == "query_too_large"
    assert graph.code("{ __typename }", {"unused": ["x"] * 100_000}) == "query_too_large"
    literal = "{ myWallets { ...f } } fragment f on Wallet { " + " ".join(
        f'a{i}: entries(first: 1, after: "{"x" * 30}") {{ nodes {{ seq }} }}' for i in range(130)) + " }"
    assert graph.code(literal) == "query_too_large"
    assert answered(server, "/v1/wallets") == before
    # What may be that long, but not in the target of a request.
    assert graph.code("query ($id: ID!) { wallet(id: $id) { id } }", {"id": "x" * 60_000}) == "header_too_large"


def test_the_schema_cannot_be_made_to_answer_without_end(graph):
    inner = "name"
    for _ in range(4):
        inner = " ".join(f"{alias}: fields {{ type {{ {inner} ofType {{ {inner} }} }} }}" for alias in "ab")
    answer = graph.send(f"{{ __schema {{ types {{ {inner} }} }} }}")
    assert answer.json["data"] is None and answer.json["errors"][0]["extensions"]["code"] == "answer_too_large"


def test_reads_go_on_while_documents_are_answered(server):
    """A document holds the io thread for moments only: while it is answered, others are."""
    text = "{" + " ".join(f"w{i}: wallets(first: {i + 1}) {{ nodes {{ transactions(first: 5) {{ nodes {{ id }} }} }} }}" for i in range(10)) + "}"
    heavy = server.client()
    other = server.client(login=None)
    statuses, reads = [], 0
    thread = threading.Thread(target=lambda: statuses.extend(Graph(heavy).send(text).status for _ in range(20)))
    thread.start()
    while thread.is_alive():
        assert other.get("/healthz").status == 200
        reads += 1
    thread.join()
    assert statuses == [200] * 20
    assert reads > len(statuses), "reads wait for whole documents"
    heavy.close()
    other.close()


def test_staff_is_on_record_for_what_it_does_by_a_document(client, server, ani):
    staff = Graph(client)
    staff.act('mutation ($id: ID!) { topupWallet(walletId: $id, amount: 777) { id } }', {"id": ani.wallet})

    def is_on_record():
        return any(str(one).find("/v1/topups") > 0 for one in client.get("/v1/audit?limit=50").json["data"])
    wait_until(is_on_record, "the top-up is on record")


def test_a_key_of_a_merchant_is_good_here(shop):
    till = Graph(shop.client)
    assert till.ask("{ transactions(first: 1) { nodes { id } } }", headers=shop.headers) == {"transactions": {"nodes": []}}
    assert till.code("{ users { nodes { id } } }", headers=shop.headers) == "forbidden"


def test_a_customer_has_no_more_rights_than_by_the_routes(server, client):
    person = add_person(server, client)
    graph = Graph(person.client)
    for text in ("{ sagas { nodes { id } } }", "{ getFraudLogs { logId } }"):
        assert graph.code(text) in ("forbidden", "not_found")
    person.client.close()

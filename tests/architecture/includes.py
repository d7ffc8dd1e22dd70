"""Which file may include what. The picture of ARCHITECTURE.md, as tables; `test_includes.py` runs it.

`violations(root)` reads every C++ file of ours below `root` and returns one sentence per broken rule.
"""

import fnmatch
import re
from pathlib import Path

# Our folders: which folders of ours, or single files, a file there may include from. Each room says in a plain struct
# what can be set in it; config fills these structs, and no room knows where they come from. Of config only the logging
# is open to the others (not to the domain).
ROOMS = {
    "domain": {"domain"},
    "config": {"config", "domain", "actors/engine.hpp", "actors/projection.hpp", "events/settings.hpp",
               "exchange/settings.hpp", "http/settings.hpp", "notices/settings.hpp", "providers/settings.hpp",
               "webhooks/settings.hpp"},
    "persistence": {"persistence", "domain", "migrations", "config/logging.hpp"},
    "actors": {"actors", "persistence", "domain", "config/logging.hpp"},
    # Events are made of committed rows: the journal's reader, and nothing of those who write it or of those who listen.
    "events": {"events", "domain", "config/logging.hpp", "persistence/session.hpp", "persistence/event_journal.hpp",
               "persistence/event_marks.hpp", "persistence/lane_store.hpp"},
    "outbound": {"outbound"},
    # The language alone: what its fields mean is HTTP's business.
    "graphql": {"graphql"},
    # Told of events, and tells others: what is between is rows of database 0.
    "webhooks": {"webhooks", "events", "outbound", "providers/signature.hpp", "domain", "config/logging.hpp",
                 "persistence/audit_log.hpp", "persistence/session.hpp", "persistence/vault.hpp",
                 "persistence/webhook_listeners.hpp", "persistence/webhook_queue.hpp"},
    # Texts are pure; the sender works on the rows of mails with a session of its own.
    "notices": {"notices", "events/consumer.hpp", "events/event.hpp", "outbound/mail_message.hpp", "outbound/smtp_client.hpp", "persistence/audit_log.hpp",
                "persistence/mail_store.hpp", "persistence/session.hpp", "domain", "config/logging.hpp"},
    # Bills are settled beside the engine: the journal is read, and marketplaces are called.
    "providers": {"providers", "persistence/session.hpp", "actors/provider_port.hpp", "domain", "outbound", "config/logging.hpp",
                  "persistence/reader.hpp", "persistence/invoice_store.hpp", "persistence/marketplace_store.hpp",
                  "persistence/failpoint.hpp"},
    # Where rates come from; what a document of them looks like is HTTP's business, and main hands it over.
    "exchange": {"exchange", "domain", "outbound", "persistence/access_feed.hpp", "persistence/fx_store.hpp",
                 "persistence/reader.hpp", "config/logging.hpp"},
    "http": {"http", "graphql", "actors", "events", "persistence/event_journal.hpp", "persistence/bytes.hpp", "exchange/rate_board.hpp", "exchange/settings.hpp", "persistence/fx_store.hpp", "providers/signature.hpp", "providers/marketplace_settings.hpp",
             "providers/marketplace_lookups.hpp", "providers/marketplace_counts.hpp", "persistence/invoice_store.hpp", "persistence/marketplace_store.hpp", "domain", "config/logging.hpp", "persistence/codec.hpp", "persistence/reader.hpp",
             "persistence/saga_desk.hpp", "persistence/saga_inspector.hpp", "persistence/access_feed.hpp",
             "persistence/access_store.hpp", "persistence/identity_store.hpp", "persistence/passwords.hpp",
             "persistence/vault.hpp", "persistence/api_key_store.hpp", "persistence/audit_log.hpp",
             "persistence/card_safe.hpp", "persistence/money_references.hpp", "persistence/reference_store.hpp",
             "persistence/reference_table.hpp", "persistence/user_rules.hpp", "persistence/archive_store.hpp",
             "persistence/movement_reader.hpp", "persistence/risk_store.hpp", "persistence/risk_check_store.hpp",
             "persistence/mail_store.hpp", "notices",
             # What an endpoint may be is said when it is made; who sends is not known here.
             "outbound/http_client.hpp", "persistence/webhook_deliveries.hpp", "persistence/webhook_endpoints.hpp",
             "webhooks/counts.hpp", "webhooks/settings.hpp"},
    "cli": {"cli", "config", "persistence", "domain", "actors/engine.hpp"},
    "migrations": set(),
    "bench": {"bench"},
    "start": {"start", "config", "persistence", "actors", "exchange", "http", "notices", "providers", "webhooks", "domain"},
    "main.cpp": {"start", "config", "persistence", "actors", "events", "exchange", "http", "notices", "providers",
                 "webhooks", "domain"},
}

# Libraries: how their includes begin, and the only files of ours (outside tests/) that may include them.
LIBRARIES = {
    "CAF": (["caf/"], ["actors/*", "http/ask.*"]),
    "RESTinio": (["restinio/"], ["http/server.cpp", "bench/bare_route.cpp"]),
    "PostgreSQL's client": (["pqxx/", "libpq-fe.h", "postgresql/"], ["persistence/*.cpp"]),
    "libsodium": (["sodium.h", "sodium/"], ["persistence/*.cpp", "providers/signature.cpp", "actors/cluster/greeting.cpp"]),
    "OpenSSL": (["openssl/"], ["actors/cluster/tls.cpp", "http/access/rsa.cpp"]),
    "librdkafka": (["librdkafka/"], ["events/kafka*.cpp"]),
    "libcurl": (["curl/"], ["outbound/*.cpp"]),
    "nlohmann_json": (["nlohmann/"], ["http/*.cpp", "config/*.cpp", "persistence/*.cpp", "cli/*",
                                  # GraphQL is JSON on the wire.
                                  "providers/marketplace_client.cpp"]),
    "PEGTL": (["tao/"], ["graphql/*.cpp"]),
    "toml++": (["toml++/", "toml.hpp"], ["config/*.cpp"]),
    "asio": (["asio.hpp", "asio/"], ["http/server.cpp", "cli/*", "bench/*"]),
    "prometheus-cpp": (["prometheus/"], ["actors/*", "http/*", "main.cpp"]),
    "spdlog": (["spdlog/"], ["config/*", "persistence/*.cpp", "actors/*", "providers/*", "http/*", "cli/*", "main.cpp"]),
}

# What the domain may not have although it is standard: threads, files, randomness, the world outside.
NOT_IN_DOMAIN = {
    "thread", "mutex", "shared_mutex", "condition_variable", "future", "atomic", "stop_token", "semaphore", "latch",
    "barrier", "random", "fstream", "filesystem", "iostream", "ctime", "csignal",
}
WORLD_IN_DOMAIN = re.compile(r"_clock::now|\brandom_device\b|\bgetenv\b|\btime\s*\(\s*(?:nullptr|NULL|0)\s*\)|\brand\s*\(\s*\)")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def matches(name, patterns):
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def room_of(name):
    return name.split("/", 1)[0]


def sources(root):
    for path in sorted(Path(root).rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix in (".hpp", ".cpp") and (room_of(name) in ROOMS or room_of(name) == "tests"):
            yield name, path.read_text(encoding="utf-8")


def includes(text):
    for line in text.splitlines():
        if found := INCLUDE.match(line):
            yield found[1] == '"', found[2]


def check_own(name, target, root):
    room = room_of(name)
    if target.startswith(".") or "/.." in target:
        yield f'{name} includes "{target}": write the path from the root of the repository'
    elif not (Path(root) / target).exists():
        yield f'{name} includes "{target}", which is not a file of ours; libraries are included with <>'
    elif room != "tests" and not {room_of(target), target} & ROOMS[room]:
        yield f"{name} includes {target}: {room} may not know it"


def check_library(name, target):
    room = room_of(name)
    if room == "domain" and ("/" in target or "." in target or target in NOT_IN_DOMAIN):
        yield f"{name} includes <{target}>: the domain is made of values and the standard library only"
        return
    for library, (beginnings, allowed) in LIBRARIES.items():
        if room != "tests" and any(target.startswith(b) for b in beginnings) and not matches(name, allowed):
            yield f"{name} includes <{target}>: {library} belongs into {', '.join(allowed)} only"


def violations(root):
    found = []
    for name, text in sources(root):
        for is_own, target in includes(text):
            found += check_own(name, target, root) if is_own else check_library(name, target)
        if name.endswith(".hpp") and "#pragma once" not in text:
            found.append(f"{name} has no #pragma once")
        if room_of(name) == "domain" and (world := WORLD_IN_DOMAIN.search(COMMENT.sub("", text))):
            found.append(f"{name} asks the world for {world[0]!r}: time and chance are arguments of the domain")
    return found

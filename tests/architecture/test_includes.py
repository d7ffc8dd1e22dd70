"""The include rules hold, and a file that broke one would be found."""

from pathlib import Path

import pytest
from includes import violations

ROOT = Path(__file__).resolve().parents[2]


def test_every_file_includes_only_what_its_room_may_know():
    assert violations(ROOT) == []


BROKEN = {
    "the domain includes a library": ("domain/a.hpp", "#pragma once\n#include <nlohmann/json.hpp>\n"),
    "the domain includes another room": ("domain/a.cpp", '#include "http/known.hpp"\n'),
    "the domain has threads": ("domain/a.cpp", "#include <thread>\n"),
    "the domain looks at a clock": ("domain/a.cpp", "auto now() { return std::chrono::steady_clock::now(); }\n"),
    "SQL outside persistence": ("actors/a.cpp", "#include <libpq-fe.h>\n"),
    "SQL in a header": ("persistence/a.hpp", "#pragma once\n#include <pqxx/pqxx>\n"),
    "SQL in the tool": ("cli/a.cpp", "#include <pqxx/pqxx>\n"),
    "RESTinio in a second file": ("http/routes.cpp", "#include <restinio/all.hpp>\n"),
    "JSON in a header": ("http/a.hpp", "#pragma once\n#include <nlohmann/json.hpp>\n"),
    "JSON among the actors": ("actors/a.cpp", "#include <nlohmann/json.hpp>\n"),
    "CAF behind the HTTP door": ("http/wallets.cpp", "#include <caf/all.hpp>\n"),
    "persistence knows the actors": ("persistence/a.cpp", '#include "actors/known.hpp"\n'),
    "a room reads the configuration itself": ("actors/a.cpp", '#include "config/known.hpp"\n'),
    "the actors know HTTP": ("actors/a.cpp", '#include "http/known.hpp"\n'),
    "HTTP goes around the actors": ("http/a.cpp", '#include "persistence/known.hpp"\n'),
    "a relative path": ("http/a.cpp", '#include "../actors/known.hpp"\n'),
    "a header that can be included twice": ("actors/a.hpp", "int a();\n"),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_found(rule, tmp_path):
    for room in ("domain", "config", "persistence", "actors", "http"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "known.hpp").write_text("#pragma once\n")
    (tmp_path / "cli").mkdir()
    name, text = BROKEN[rule]
    assert violations(tmp_path) == []
    (tmp_path / name).write_text(text)
    assert len(violations(tmp_path)) == 1


def test_what_is_allowed_is_not_reported(tmp_path):
    for name, text in {
        "domain/a.hpp": "#pragma once\n#include <chrono>\n// steady_clock::now() is not ours to call\n",
        "http/server.cpp": '#include <restinio/all.hpp>\n#include <asio.hpp>\n#include "domain/a.hpp"\n',
        "http/ask.cpp": "#include <caf/all.hpp>\n",
        "persistence/a.cpp": '#include <pqxx/pqxx>\n#include "domain/a.hpp"\n',
        "tests/unit/a.cpp": '#include <nlohmann/json.hpp>\n#include "domain/a.hpp"\n',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert violations(tmp_path) == []

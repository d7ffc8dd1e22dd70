#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "config/settings_table.hpp"
#include "tests/unit/scratch.hpp"

using namespace dompet;

namespace {

/// The least that must be set.
const std::string database = "--database-url=postgresql:///dompet";

Settings read(std::vector<std::string> arguments, const Environment& environment = {}) {
  arguments.push_back(database);
  return read_invocation(arguments, environment).settings;
}

/// All sentences about what is wrong.
std::vector<std::string> problems(const std::vector<std::string>& arguments, const Environment& environment = {}) {
  try {
    read_invocation(arguments, environment);
    return {};
  } catch (const BadSettings& bad) {
    return bad.problems;
  }
}

/// With these settings the server starts, or it says this one sentence.
void check(std::vector<std::string> arguments, const Environment& environment, const std::string& sentence) {
  arguments.push_back(database);
  const std::vector<std::string> found = problems(arguments, environment);
  CHECK(found == (sentence.empty() ? std::vector<std::string>{} : std::vector{sentence}));
}

/// A file with this text, and the flag that names it.
class File {
 public:
  explicit File(const std::string& text) { std::ofstream(path_) << text; }
  std::string flag() const { return "--config=" + path_; }
  const std::string& path() const { return path_; }

 private:
  scratch::Directory directory_{};
  std::string path_ = (directory_.path() / "dompet.toml").string();
};

/// A value that the setting takes and that is not its default.
std::string other_value(const Setting& row) {
  const std::string standard = row.read(Settings{});
  Settings any;
  const std::string candidates[]{"true",
                                 "false",
                                 "development",
                                 "debug",
                                 "text",
                                 "all",
                                 "tmp",
                                 std::to_string(std::atoll(standard.c_str()) + 1),
                                 "[::1]:99",
                                 "postgresql:///one postgres://two/three",
                                 "10.0.0.1 ::1",
                                 "https://a.example http://b.example:81",
                                 "ani@example.com",
                                 "IDR=50000.00 USD=5.00",
                                 "sawit,DS-8800,IDR,0193480e-9c21-7e63-8b55-a2d1ef6b8813,http://127.0.0.1:7003/graphql",
                                 "sawit=secret",
                                 "simulated",
                                 "zstd",
                                 "smtp://mail.example:587",
                                 "https://pay.example",
                                 "optional",
                                 "always",
                                 "500ms 30m 2h"};
  for (const std::string& candidate : candidates)
    if (candidate != standard && row.write(any, candidate))
      return candidate;
  FAIL("no other value for " << row.key());
  return {};
}

/// What must be set along with a setting's other value, since they do not go together otherwise.
std::vector<std::string> companions(const Setting& row) {
  const std::string key = row.key();
  if (key == "cluster.listen")
    return {"--cluster-secret=0123456789abcdef"};
  if (row.key() == "provider.mode")
    return {"--provider-callback-secret=0123456789abcdef"};
  if (key == "cluster.renew_ms" || key == "cluster.lease_local_ms")
    return {"--cluster-lease-ttl-ms=60000"};
  if (key == "admin.email")
    return {"--admin-password=correct horse"};
  if (key == "admin.password")
    return {"--admin-email=ani@example.com"};
  if (key == "marketplaces.secrets" || key == "marketplaces.tokens")
    return {"--marketplaces-list=sawit,DS-8800,IDR,0193480e-9c21-7e63-8b55-a2d1ef6b8813,http://127.0.0.1:7003/graphql"};
  std::vector<std::string> others;
  if (key.starts_with("cluster.tls_"))
    for (const char* flag : {"--cluster-tls-certificate", "--cluster-tls-key", "--cluster-tls-ca"})
      if (row.flag() != flag)
        others.push_back(flag + std::string{"=file"});
  return others;
}

/// Takes any text but one with a zero byte.
bool takes_any_text(const Setting& row) {
  return row.key() == "var" || row.key() == "admin.password" || row.section == "identity" || row.key() == "smtp.user" ||
         row.key() == "smtp.password" || row.key() == "smtp.ca_file" || row.key() == "mail.sender_name" ||
         row.key() == "fx.rates_file" || row.key() == "cluster.secret" || row.key().starts_with("cluster.tls_") ||
         row.key().starts_with("kafka.s");
}

std::string literal(const Setting& row, const std::string& value) {
  return row.form == ValueForm::text ? '"' + value + '"' : value;
}

std::string in_file(const Setting& row, const std::string& written) {
  return (row.section.empty() ? "" : '[' + std::string{row.section} + "]\n") + std::string{row.name} + " = " + written +
         '\n';
}

}  // namespace

TEST_CASE("without anything set but the database the defaults hold") {
  const Settings settings = read({});
  for (const Setting& row : settings_table())
    if (row.key() != "database.url") {
      INFO(row.key());
      CHECK(row.read(settings) == row.read(Settings{}));
    }
  CHECK(settings.profile == Profile::production);
  CHECK(settings.http.address == "127.0.0.1");
  CHECK(settings.http.port == 8080);
  CHECK(settings.engine.batch_rows == 512);
  CHECK(settings.database.url == "postgresql:///dompet");
}

TEST_CASE("every setting can be set in the file, by a variable and by a flag") {
  for (const Setting& row : settings_table()) {
    INFO(row.key());
    if (row.key() == "database.url")
      continue;
    const std::string value = other_value(row);
    const File file(in_file(row, literal(row, value)));
    const auto with = [&row](const std::string& argument) {
      std::vector<std::string> arguments = companions(row);
      arguments.push_back(argument);
      return arguments;
    };
    CHECK(row.read(read(with(file.flag()))) == value);
    CHECK(row.read(read(companions(row), {{row.variable(), value}})) == value);
    CHECK(row.read(read(with(row.flag() + '=' + value))) == value);
  }
}

TEST_CASE("the least top-up is a list of currencies with amounts, each once") {
  const auto least = read({"--money-minimum-topup=IDR=50000  USD=0.50 JPY=500"}).http.minimum_topup;
  REQUIRE(least.size() == 3);
  CHECK(least[0].amount == 5'000'000);
  CHECK(least[1].currency.text() == "USD");
  CHECK(least[1].amount == 50);
  CHECK(least[2].amount == 500);
  CHECK(read({}).http.minimum_topup.empty());
  for (const char* wrong :
       {"50000", "IDR", "IDR=", "IDR=0", "IDR=-5", "XXQ=5", "idr=5", "JPY=0.5", "IDR=5 IDR=6", "IDR=5,USD=5"}) {
    INFO(wrong);
    CHECK(problems({std::string{"--money-minimum-topup="}.append(wrong), database}).size() == 1);
  }
}

TEST_CASE("marketplaces are named with prefix, currency, merchant and address, and their numbers are told apart") {
  const auto marketplace = [](const std::string& begin, const std::string& url) {
    return std::string{begin}.append(",0193480e-9c21-7e63-8b55-a2d1ef6b8813,").append(url);
  };
  const auto listed = [](const std::string& list) { return std::string{"--marketplaces-list="}.append(list); };
  const std::string sawit = marketplace("sawit,DS-8800,IDR", "http://127.0.0.1:7003/graphql");
  const std::string toko = marketplace("toko,77,USD", "https://toko.example/a,b");
  const auto found = read({listed(sawit + "  " + toko)}).http.marketplaces;
  REQUIRE(found.all.size() == 2);
  CHECK(found.all[1].url == "https://toko.example/a,b");
  CHECK(found.of_va_number("DS-8800123")->name == "sawit");
  CHECK(found.of_va_number("7712")->name == "toko");
  CHECK(found.of_va_number("880081234567890126") == nullptr);
  const std::vector<std::string> wrong{"sawit",
                                       "sawit,DS-8800,IDR,me,http://a",
                                       sawit + " " + sawit,
                                       marketplace("Sawit,DS-8800,IDR", "http://a"),
                                       marketplace("sawit,DS-8800,IDX", "http://a"),
                                       marketplace("sawit,,IDR", "http://a"),
                                       marketplace("sawit,DS-8800,IDR", "ftp://a")};
  for (const std::string& list : wrong) {
    INFO(list);
    CHECK(problems({listed(list), database}).size() == 1);
  }
  CHECK(problems({listed(sawit), "--invoices-va-prefix=8800", database}).empty());
  CHECK(problems({listed(marketplace("toko,880,IDR", "http://a")), database}).size() == 1);
  CHECK(problems({"--marketplaces-secrets=toko=secret", database}).size() == 1);
  CHECK(problems({listed(sawit), "--marketplaces-secrets=sawit=whsec_%%%", database}).size() == 1);
}

TEST_CASE("a flag wins over a variable, a variable over the file, the file over the default") {
  const File file("[engine]\nbatch_rows = 10\nstash_limit = 10\nquery_queue = 10\n");
  const Settings settings = read({file.flag(), "--engine-batch-rows=30"},
                                 {{"DOMPET_ENGINE_BATCH_ROWS", "20"}, {"DOMPET_ENGINE_STASH_LIMIT", "20"}});
  CHECK(settings.engine.batch_rows == 30);
  CHECK(settings.engine.stash_limit == 20);
  CHECK(settings.engine.query_queue == 10);
  CHECK(settings.engine.query_connections == EngineSettings{}.query_connections);
}

TEST_CASE("the names that people use are the ones that were promised") {
  const Settings settings = read_invocation({}, {{"DOMPET_HTTP_ADDRESS", "127.0.0.2:9000"},
                                                 {"DOMPET_DATABASE_URL", "host=/tmp"},
                                                 {"DOMPET_VAR", "/srv/dompet"}})
                                .settings;
  CHECK(settings.http.address == "127.0.0.2");
  CHECK(settings.http.port == 9000);
  CHECK(settings.database.url == "host=/tmp");
  CHECK(settings.var_directory == "/srv/dompet");
  CHECK(read({"--http-cors-origins", "https://a.example  https://b.example"}).http.cors_origins ==
        std::vector<std::string>{"https://a.example", "https://b.example"});
}

TEST_CASE("the file may be named by a variable, a flag wins") {
  const File one("profile = \"development\"\n");
  const File other("profile = \"production\"\n");
  CHECK(read({}, {{"DOMPET_CONFIG", one.path()}}).profile == Profile::development);
  CHECK(read({other.flag()}, {{"DOMPET_CONFIG", one.path()}}).profile == Profile::production);
}

TEST_CASE("a value that is not allowed is refused in every source, with what is allowed") {
  const std::string allowed = "but it must be a whole number from 1 to 10000 records.";
  for (const char* value : {"0", "10001", "-1", "ten", "1.5", "99999999999999999999", "5 ", "0x10"}) {
    const std::string begin = "engine.batch_rows is \"" + std::string{value} + "\" (the ";
    check({"--engine-batch-rows=" + std::string{value}}, {}, begin + "flag --engine-batch-rows), " + allowed);
    check({}, {{"DOMPET_ENGINE_BATCH_ROWS", value}}, begin + "variable DOMPET_ENGINE_BATCH_ROWS), " + allowed);
  }
  const File file("# why\n[engine]\nbatch_rows = 0\n");
  check({file.flag()}, {}, "engine.batch_rows is \"0\" (" + file.path() + ", line 3), " + allowed);
}

TEST_CASE("every setting refuses nonsense with a whole sentence") {
  for (const Setting& row : settings_table()) {
    INFO(row.key());
    if (row.key() == "database.url")
      continue;
    const std::string nonsense = takes_any_text(row) ? std::string(1, '\0') : "no/such:value";
    const std::string shown = row.is_secret ? "set to something else" : '"' + nonsense + '"';
    check({}, {{row.variable(), nonsense}},
          row.key() + " is " + shown + " (the variable " + row.variable() + "), but it must be " + row.allowed + '.');
  }
}

TEST_CASE("an empty variable is as none") {
  CHECK(read({}, {{"DOMPET_HTTP_ADDRESS", ""}, {"DOMPET_CONFIG", ""}}).http.port == 8080);
}

TEST_CASE("a value of another form than its setting's is refused in the file") {
  const auto refused = [](const std::string& text, const std::string& begin, const std::string& end) {
    const File file(text);
    check({file.flag()}, {}, begin + " (" + file.path() + ", line 2), but it must be " + end);
  };
  refused("[engine]\nbatch_rows = \"512\"\n", "engine.batch_rows is '512'", "a whole number from 1 to 10000 records.");
  refused("[engine]\nfast_path = 1\n", "engine.fast_path is 1", "true or false.");
  refused("[logging]\nlevel = 3\n", "logging.level is 3", "debug, info, warning or error.");
  refused("[logging]\nlevel = [\"info\"]\n", "logging.level is a list or section", "debug, info, warning or error.");
}

TEST_CASE("a name that is no setting is refused, so that a misspelt one is not silently without effect") {
  const File section("[engines]\nbatch_rows = 5\n");
  check({section.flag()}, {}, "There is no setting engines (" + section.path() + ", line 1).");
  const File name("[engine]\nbatchrows = 5\n");
  check({name.flag()}, {}, "There is no setting engine.batchrows (" + name.path() + ", line 2).");
  const File top("engine = 5\n");
  check({top.flag()}, {}, "There is no setting engine (" + top.path() + ", line 1).");
  check({}, {{"DOMPET_HTTP_ADRESS", "127.0.0.1:1"}}, "There is no setting for the variable DOMPET_HTTP_ADRESS.");
  // Other tools have variables as well.
  check({}, {{"DOMPET_FAILPOINT", "x"}, {"DOMPET_BENCH", "x"}}, "");
}

TEST_CASE("a file that is not there or no TOML is refused") {
  check({"--config=/no/such/file"}, {},
        "The settings file /no/such/file cannot be read: File could not be opened for reading.");
  const File broken("[engine\n");
  const auto found = problems({broken.flag(), database});
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("The settings file " + broken.path() + " cannot be read, line 1: "));
}

TEST_CASE("a command line that makes no sense is refused") {
  const auto found = problems({"--bogus", database});
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("The command line cannot be read: "));
  CHECK(found[0].find("--bogus") != std::string::npos);
}

TEST_CASE("everything that is wrong is told at once") {
  const File file("[engine]\nbatch_rows = 0\nbogus = 1\n");
  CHECK(problems({file.flag(), "--logging-level=loud"}, {{"DOMPET_ENGINE_FAST_PATH", "maybe"}}).size() == 5);
}

TEST_CASE("a server without a database says so") {
  const auto found = problems({});
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("database.url is not set; "));
}

TEST_CASE("the first administrator is an address with a password") {
  CHECK(problems({"--admin-email", "ani@example.com", database}).size() == 1);
  CHECK(problems({"--admin-password", "correct horse", database}).size() == 1);
  CHECK(problems({"--admin-email", "ani@example.com", "--admin-password", "correct horse", database}).empty());
}

TEST_CASE("an address needs a host and a port") {
  for (const char* address :
       {"127.0.0.1", ":8080", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "[]:80"}) {
    INFO(address);
    CHECK(problems({std::string{"--http-address="} + address, database}).size() == 1);
  }
}

TEST_CASE("settings that do not go together are refused") {
  const auto refused = [](const std::vector<std::string>& flags, std::string_view begin) {
    std::vector<std::string> arguments = flags;
    arguments.push_back(database);
    const auto found = problems(arguments);
    REQUIRE(found.size() == 1);
    CHECK(found[0].starts_with(begin));
    CHECK(found[0].ends_with('.'));
  };
  refused({"--engine-resend-first-ms=200", "--engine-resend-most-ms=100"}, "engine.resend_first_ms is longer");
  refused({"--http-answer-deadline-ms=40000"}, "http.answer_deadline_ms is longer");
  refused({"--http-key-memory-ms=4000"}, "http.key_memory_ms is shorter");
  refused({"--http-readable-body-bytes=1000000"}, "http.readable_body_bytes is less");
  refused({"--http-bulk-items=9000"}, "http.max_bulk_items_in_flight is less");
}

TEST_CASE("production with a provider that moves no money is said so, development is not") {
  const auto cautions_of = [](const std::vector<std::string>& arguments) { return cautions(read(arguments)); };
  CHECK(cautions_of({"--provider-mode=instant", "--profile=development"}).empty());
  for (const std::string mode : {"instant", "simulated"}) {
    std::string flag = "--provider-mode=";
    const auto found =
        cautions_of({flag.append(mode), "--profile=production", "--provider-callback-secret=0123456789abcdef"});
    REQUIRE(found.size() == 1);
    std::string begin = "provider.mode is ";
    CHECK(found[0].starts_with(begin.append(mode)));
  }
}

TEST_CASE("a cluster's times that would let two nodes trust themselves with one shard are refused") {
  const auto check_cluster = [](const std::vector<std::string>& flags, std::string_view begin) {
    std::vector<std::string> arguments = flags;
    arguments.push_back(database);
    const auto found = problems(arguments);
    REQUIRE(found.size() == (begin.empty() ? 0 : 1));
    if (!begin.empty()) {
      CHECK(found[0].starts_with(begin));
      CHECK(found[0].ends_with('.'));
    }
  };
  check_cluster({"--cluster-lease-local-ms=4001"}, "cluster.lease_local_ms is longer");
  check_cluster({"--cluster-lease-ttl-ms=5999"}, "cluster.lease_local_ms is longer");
  check_cluster({"--cluster-lease-local-ms=2999"}, "cluster.renew_ms is longer");
  check_cluster({"--cluster-lease-local-ms=3000"}, "");
  check_cluster({"--cluster-link-timeout-ms=1499"}, "cluster.link_timeout_ms is shorter");
  check_cluster({"--cluster-link-timeout-ms=1500"}, "");
  check_cluster({"--cluster-hand-over-patience-ms=60000"}, "cluster.hand_over_patience_ms is not shorter");
  check_cluster({"--cluster-renew-ms=100", "--cluster-lease-local-ms=400", "--cluster-lease-ttl-ms=600"}, "");
}

TEST_CASE("a node that others can reach has a secret, and its links have all of TLS or none") {
  const auto found = [](std::vector<std::string> arguments) {
    arguments.push_back(database);
    const auto sentences = problems(arguments);
    return sentences.empty() ? std::string{} : sentences[0];
  };
  CHECK(found({"--cluster-listen=10.0.0.1:7400"}).starts_with("cluster.listen is set, but cluster.secret has less"));
  CHECK(found({"--cluster-listen=10.0.0.1:7400", "--cluster-secret=0123456789abcde"}) != "");
  CHECK(found({"--cluster-listen=10.0.0.1:7400", "--cluster-secret=0123456789abcdef"}) == "");
  for (const char* address : {"0.0.0.0:7400", "[::]:7400", ":7400", "10.0.0.1", "*:7400"})
    CHECK(found({std::string{"--cluster-listen="} + address}).starts_with("cluster.listen is \""));
  CHECK(found({"--cluster-tls-key=key.pem"}).starts_with("Of cluster.tls_certificate, "));
  CHECK(found({"--cluster-tls-key=key.pem", "--cluster-tls-ca=ca.pem"}) != "");
  CHECK(found({"--cluster-tls-key=k", "--cluster-tls-ca=c", "--cluster-tls-certificate=n"}) == "");
}

TEST_CASE("what may be a password is not repeated when it is refused") {
  const std::string zero(1, '\0');
  const File file("[cluster]\nsecret = 12345678\n");
  for (const auto& found :
       {problems({database}, {{"DOMPET_CLUSTER_SECRET", "12345678" + zero}}), problems({file.flag(), database}),
        problems({database}, {{"DOMPET_DATABASE_MORE", "postgres://ani:12345678@host/db host=/tmp"}}),
        problems({}, {{"DOMPET_DATABASE_URL", "postgres://ani:12345678@host/db" + zero}})}) {
    REQUIRE_FALSE(found.empty());
    for (const std::string& sentence : found)
      CHECK(sentence.find("12345678") == std::string::npos);
  }
  CHECK(read_invocation({"--help", "--cluster-secret=12345678"}, {}).help.find("12345678") == std::string::npos);
}

TEST_CASE("further databases are a list of URLs, each once") {
  const auto more = [](const std::string& text) { return read({}, {{"DOMPET_DATABASE_MORE", text}}).database.more; };
  CHECK(more("").empty());
  CHECK(more(" postgres://one/a  postgresql:///two?host=/tmp ") ==
        std::vector<std::string>{"postgres://one/a", "postgresql:///two?host=/tmp"});
  for (const char* twice : {"postgresql:///dompet", "postgres://one/a postgres://one/a"}) {
    const auto found = problems({database}, {{"DOMPET_DATABASE_MORE", twice}});
    REQUIRE(found.size() == 1);
    CHECK(found[0].starts_with("database.url and database.more name a database twice"));
  }
  CHECK(problems({database}, {{"DOMPET_DATABASE_MORE", "host=/tmp"}}).size() == 1);
}

TEST_CASE("the lane's queue is bounded once, for the lane and for the door") {
  const Settings settings = read({"--engine-lane-age-limit-ms=123", "--engine-lane-queue-rows=45"});
  CHECK(settings.engine.lane_age_limit.count() == 123);
  CHECK(settings.http.lane_age_limit.count() == 123);
  CHECK(settings.http.lane_queue_rows == 45);
}

TEST_CASE("what only prints something needs no database") {
  CHECK(read_invocation({"--version"}, {}).wish == Wish::show_version);
  CHECK(read_invocation({"--print-routes"}, {}).wish == Wish::show_routes);
  CHECK(read_invocation({"--print-example-config"}, {}).wish == Wish::show_example_config);
  const Invocation help = read_invocation({"--help"}, {});
  CHECK(help.wish == Wish::show_help);
  for (const Setting& row : settings_table())
    CHECK(help.help.find(row.flag()) != std::string::npos);
}

TEST_CASE("every setting has a name of its own, bounds and a reason") {
  std::vector<std::string> variables;
  for (const Setting& row : settings_table()) {
    INFO(row.key());
    CHECK(row.reason.ends_with('.'));
    CHECK_FALSE(row.allowed.empty());
    CHECK((row.form == ValueForm::number) == !row.unit.empty());
    Settings standard;
    CHECK(row.write(standard, row.read(Settings{})));
    variables.push_back(row.variable());
  }
  std::ranges::sort(variables);
  CHECK(std::ranges::adjacent_find(variables) == variables.end());
}

TEST_CASE("the example file is what the program prints, and sets exactly the defaults") {
  const std::filesystem::path path = std::filesystem::path{__FILE__}.parent_path() / "../../config/dompet.example.toml";
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  // When this fails: build/dev/dompetd --print-example-config > config/dompet.example.toml
  CHECK(text.str() == example_config());
  const Settings settings = read({"--config=" + path.string()});
  for (const Setting& row : settings_table())
    if (row.key() != "database.url")
      CHECK(row.read(settings) == row.read(Settings{}));
}

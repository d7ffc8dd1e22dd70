// The migrations, carried inside the programs, so that a binary and the schema it expects cannot be separated.
//
// Written by the build from the files beside this one (cmake/Embed.cmake): a file pair 0001_journal.up.sql and
// 0001_journal.down.sql becomes one row. Only persistence's migrator reads this.
//
// The spans are filled before main() starts; nothing may read them from a static initialiser of another file.
#pragma once

#include <span>
#include <string_view>

namespace dompet::migrations {

struct Embedded {
  std::string_view name;  // "0001_journal"
  std::string_view up;    // SQL that brings the schema to this migration
  std::string_view down;  // SQL that takes it back
};

// Every migration, in the order in which they are applied.
extern const std::span<const Embedded> all;

}  // namespace dompet::migrations

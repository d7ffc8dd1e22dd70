#pragma once

#include <string>

namespace dompet {

class Reader;

/// Whether anybody may do everything: a user who is neither locked nor in the trash, with a role that has `*`.
bool has_administrator(Reader& reader);

/// Makes one, if there is none: of several nodes that start at the same moment one does. Hashes the password, which
/// takes a tenth of a second. Throws std::runtime_error with a sentence when the address belongs to somebody else, or
/// is no address; Unavailable.
void make_administrator(Reader& reader, const std::string& email, const std::string& password);

/// A password that nobody guesses and everybody can copy: 24 letters and digits.
std::string random_password();

}  // namespace dompet

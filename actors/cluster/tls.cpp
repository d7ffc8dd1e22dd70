#include "actors/cluster/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "domain/ensure.hpp"

namespace dompet {

namespace {

std::string reason() {
  char text[256] = "no reason given";
  if (const unsigned long code = ERR_peek_last_error())
    ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

void check(long result, const std::string& what) {
  if (result != 1)
    throw std::runtime_error("For TLS between nodes " + what + " (" + reason() + ").");
}

int limited(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max())); }

}  // namespace

TlsSession::TlsSession(ssl_ctx_st* context, int descriptor, bool accepts) : ssl_(SSL_new(context)) {
  ensure(ssl_ != nullptr, "OpenSSL makes no session");
  ensure(SSL_set_fd(ssl_, descriptor) == 1, "OpenSSL takes no socket");
  accepts ? SSL_set_accept_state(ssl_) : SSL_set_connect_state(ssl_);
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

// The queue of errors is the thread's, not the session's: what another connection has left there would be taken for
// a failure of this one. So it is cleared before every call.

TlsSession::Step TlsSession::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  established_ = result == 1;
  return established_ ? Step{} : step(result);
}

TlsSession::Step TlsSession::read(void* bytes, std::size_t size) {
  ERR_clear_error();
  return step(SSL_read(ssl_, bytes, limited(size)));
}

TlsSession::Step TlsSession::write(const void* bytes, std::size_t size) {
  ERR_clear_error();
  return step(SSL_write(ssl_, bytes, limited(size)));
}

std::size_t TlsSession::pending() const { return static_cast<std::size_t>(SSL_pending(ssl_)); }

TlsSession::Step TlsSession::step(int result) {
  if (result > 0)
    return {false, static_cast<std::size_t>(result)};
  const int why = SSL_get_error(ssl_, result);
  return {why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE, 0};
}

TlsContext::TlsContext(const std::string& certificate, const std::string& key, const std::string& authority)
    : context_(SSL_CTX_new(TLS_method()), SSL_CTX_free) {
  SSL_CTX* const context = context_.get();
  ensure(context != nullptr, "OpenSSL makes no context");
  check(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION), "version 1.3 cannot be had");
  check(SSL_CTX_use_certificate_chain_file(context, certificate.c_str()),
        "the certificate " + certificate + " cannot be read");
  check(SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM),
        "the key " + key + " cannot be read, or is not that of the certificate " + certificate);
  check(SSL_CTX_load_verify_locations(context, authority.c_str(), nullptr),
        "the authority's certificate " + authority + " cannot be read");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
}

TlsContext::~TlsContext() = default;

std::unique_ptr<TlsSession> TlsContext::connect(int descriptor) const {
  return std::make_unique<TlsSession>(context_.get(), descriptor, false);
}

std::unique_ptr<TlsSession> TlsContext::accept(int descriptor) const {
  return std::make_unique<TlsSession>(context_.get(), descriptor, true);
}

}  // namespace dompet

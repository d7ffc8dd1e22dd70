#pragma once

#include <cstddef>
#include <memory>
#include <string>

struct ssl_st;
struct ssl_ctx_st;

namespace dompet {

/// One end of a TLS connection over a socket that does not block. One thread at a time. OpenSSL writes in a way that
/// raises SIGPIPE when the peer has gone: the process must ignore it.
class TlsSession {
 public:
  TlsSession(ssl_ctx_st* context, int descriptor, bool accepts);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;

  /// What came of a step: how many bytes, none for now, or the end of the connection.
  struct Step {
    bool failed = false;
    std::size_t bytes = 0;
  };

  /// Goes on with the handshake as far as it goes.
  Step shake_hands();
  bool established() const { return established_; }
  Step read(void* bytes, std::size_t size);
  Step write(const void* bytes, std::size_t size);
  /// Bytes that have been read from the socket, but not from here.
  std::size_t pending() const;

 private:
  Step step(int result);

  ssl_st* ssl_;
  bool established_ = false;
};

/// A certificate, its key, and the authority whose certificates are believed; mutual TLS 1.3, no host names: whoever
/// has a certificate of the private authority is a node. Read once. Sessions may be made by any thread.
class TlsContext {
 public:
  /// Throws std::runtime_error with a whole sentence that names the file.
  TlsContext(const std::string& certificate, const std::string& key, const std::string& authority);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;

  std::unique_ptr<TlsSession> connect(int descriptor) const;
  std::unique_ptr<TlsSession> accept(int descriptor) const;

 private:
  std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
};

}  // namespace dompet

#include "http/access/rsa.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <stdexcept>

namespace dompet::http {

namespace {

constexpr unsigned key_bits = 2'048;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Digest = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

void check(bool worked, const char* sentence) {
  if (!worked)
    throw std::runtime_error(sentence);
}

Bio reading(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string written(const Bio& bio) {
  char* begin = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &begin);
  return {begin, static_cast<std::size_t>(size)};
}

std::string number(const EVP_PKEY* key, const char* name) {
  BIGNUM* value = nullptr;
  check(EVP_PKEY_get_bn_param(key, name, &value) == 1, "OpenSSL does not tell a key's number.");
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
  BN_bn2bin(value, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(value);
  return bytes;
}

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

RsaKey::RsaKey(evp_pkey_st* owned) : key_(owned, EVP_PKEY_free) {
  check(owned != nullptr, "OpenSSL cannot read or make an RSA key.");
}

RsaKey RsaKey::generate() { return RsaKey(EVP_RSA_gen(key_bits)); }

RsaKey RsaKey::from_private_pem(std::string_view pem) {
  return RsaKey(PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, nullptr, nullptr));
}

RsaKey RsaKey::from_public_pem(std::string_view pem) {
  return RsaKey(PEM_read_bio_PUBKEY(reading(pem).get(), nullptr, nullptr, nullptr));
}

std::string RsaKey::private_pem() const {
  const Bio out(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "OpenSSL cannot write a key.");
  return written(out);
}

std::string RsaKey::public_pem() const {
  const Bio out(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_PUBKEY(out.get(), key_.get()) == 1, "OpenSSL cannot write a key.");
  return written(out);
}

std::string RsaKey::modulus() const { return number(key_.get(), OSSL_PKEY_PARAM_RSA_N); }
std::string RsaKey::exponent() const { return number(key_.get(), OSSL_PKEY_PARAM_RSA_E); }

std::string RsaKey::sign(std::string_view text) const {
  const Digest digest(EVP_MD_CTX_new());
  std::size_t size = 0;
  check(EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
            EVP_DigestSign(digest.get(), nullptr, &size, raw(text), text.size()) == 1,
        "OpenSSL cannot sign.");
  std::string signature(size, '\0');
  check(EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, raw(text),
                       text.size()) == 1,
        "OpenSSL cannot sign.");
  signature.resize(size);
  return signature;
}

bool RsaKey::verify(std::string_view text, std::string_view signature) const {
  const Digest digest(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(digest.get(), raw(signature), signature.size(), raw(text), text.size()) == 1;
}

}  // namespace dompet::http

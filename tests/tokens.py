"""Access tokens as whoever checks or forges them sees them: parts in base64url, keys of a JWK set, openssl."""

import base64
import hashlib
import hmac
import json
import subprocess


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def padded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts_of(token):
    """Header, payload, signature."""
    header, payload, signature = token.split(".")
    return json.loads(padded(header)), json.loads(padded(payload)), padded(signature)


def token_of(header, payload, signature=b""):
    return ".".join([unpadded(json.dumps(header).encode()), unpadded(json.dumps(payload).encode()), unpadded(signature)])


def signed_with_secret(header, payload, secret):
    """HS256, whatever the header says."""
    unsigned = token_of(header, payload).rpartition(".")[0]
    return f"{unsigned}.{unpadded(hmac.new(secret, unsigned.encode(), hashlib.sha256).digest())}"


def der(tag, content):
    length = len(content)
    size = bytes([length]) if length < 128 else bytes([0x80 + (length.bit_length() + 7) // 8]) + \
        length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag]) + size + content


def der_number(data):
    return der(2, (b"\0" if data[0] & 0x80 else b"") + data)


def pem_of(jwk):
    """The public key as openssl reads it (RFC 3279 2.3.1)."""
    rsa = der(0x30, der_number(padded(jwk["n"])) + der_number(padded(jwk["e"])))
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    key = base64.encodebytes(der(0x30, algorithm + der(3, b"\0" + rsa))).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{key}-----END PUBLIC KEY-----\n"


def openssl_agrees(token, jwk, directory):
    unsigned, _, signature = token.rpartition(".")
    (directory / "key.pem").write_text(pem_of(jwk))
    (directory / "signature").write_bytes(padded(signature))
    done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", directory / "key.pem", "-signature",
                           directory / "signature"], input=unsigned.encode(), capture_output=True, timeout=30)
    return done.returncode == 0


def signed_by_stranger(header, payload, directory):
    """With an RSA key of our own making."""
    key = directory / "stranger.pem"
    if not key.exists():
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True, timeout=60)
    unsigned = token_of(header, payload).rpartition(".")[0]
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=unsigned.encode(), capture_output=True,
                          check=True, timeout=30)
    return f"{unsigned}.{unpadded(done.stdout)}"

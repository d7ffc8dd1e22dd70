"""A real mail server for tests: it takes mails over SMTP, and refuses as it is told."""

import email
import email.policy
import ssl
import subprocess
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from processes import free_port, wait_until


class Letter:
    """A mail as it came in: parsed, so that nothing of how it was written is believed twice."""

    def __init__(self, envelope):
        self.to, self.sender = envelope.rcpt_tos, envelope.mail_from
        self.bytes = envelope.original_content
        self.parsed = email.message_from_bytes(self.bytes, policy=email.policy.default)
        self.id = self.parsed["Message-ID"]
        self.subject = self.parsed["Subject"]

    def _part(self, kind):
        [part] = [part for part in self.parsed.walk() if part.get_content_type() == kind]
        return part.get_content().replace("\r\n", "\n")

    @property
    def text(self):
        return self._part("text/plain")

    @property
    def html(self):
        return self._part("text/html")

    def __repr__(self):
        return f"<{self.subject!r} to {self.to}>"


class Postbox:
    """`refuse` says, for a recipient or a whole mail, with which line it is not taken; None takes it."""

    def __init__(self, port=None, certificate=None, login=None):
        self.port = port or free_port()
        self.letters = []
        self.logins = []
        self.encrypted = []
        self.refuse = lambda recipient: None
        self.refuse_message = lambda letter: None
        self.before_taking = lambda letter: None
        self._certificate, self._login = certificate, login
        self._controller = None
        self._guard = threading.Lock()

    def __enter__(self):
        return self.open()

    def __exit__(self, *_):
        self.close()

    def open(self):
        more = {}
        if self._certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*self._certificate)
            more |= {"tls_context": context, "require_starttls": True}
        if self._login is not None:
            more |= {"authenticator": self._authenticate, "auth_required": True,
                     "auth_require_tls": self._certificate is not None}
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **more)
        self._controller.start()
        return self

    def close(self):
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    def settings(self, **more):
        """Of a dompetd whose mails come here."""
        return {"smtp_url": self.url, "smtp_encryption": "none", "smtp_timeout_ms": 2_000, "mail_poll_ms": 50,
                "mail_first_pause_ms": 100, "mail_longest_pause_ms": 400} | more

    def to(self, address):
        """What came for him, oldest first."""
        with self._guard:
            return [letter for letter in self.letters if letter.to == [address]]

    def wait_for(self, address, subject, count=1):
        """The mails for him whose subject has this in it."""
        def found():
            letters = [letter for letter in self.to(address) if subject in letter.subject]
            return letters if len(letters) >= count else None
        return wait_until(found, lambda: f"{count} mails about {subject!r}; there are {self.to(address)}")

    # --- what aiosmtpd calls ---

    def _authenticate(self, _server, _session, _envelope, _mechanism, data):
        said = (data.login.decode(), data.password.decode())
        self.logins.append(said)
        return AuthResult(success=said == self._login)

    async def handle_RCPT(self, server, _session, envelope, address, _options):
        refusal = self.refuse(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, _server, session, envelope):
        letter = Letter(envelope)
        refusal = self.refuse_message(letter)
        if refusal is not None:
            return refusal
        self.before_taking(letter)
        with self._guard:
            self.letters.append(letter)
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


def certificate_of(directory):
    """A certificate for 127.0.0.1 and the file that says whom to believe: itself."""
    certificate, private = directory / "mail.pem", directory / "mail.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", private, "-out", certificate, "-days", "1", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return certificate, private

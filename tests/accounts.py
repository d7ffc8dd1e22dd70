"""Users of a test, with the roles they shall have."""

import re
import uuid

from processes import ADMIN_EMAIL, ADMIN_PASSWORD, psql, wait_until

PASSWORD = "one two three four five"


class Person:
    """Registered through the door, like anybody. `roles` replace the role of a customer before the first login."""

    def __init__(self, dompetd, name="ani", roles=None, password=PASSWORD):
        self.dompetd = dompetd
        self.username = f"{name}-{uuid.uuid4().hex[:10]}".lower()
        self.email = f"{self.username}@example.org"
        self.password = password
        nobody = dompetd.client(login=None)
        answer = nobody.post("/v1/auth/register", {"username": self.username, "first_name": name.capitalize(),
                                                   "last_name": "Test", "email": self.email, "password": self.password})
        assert answer.status == 201, answer
        nobody.close()
        self.id = answer.json["id"]
        if roles is not None:
            self.become(roles)

    def become(self, roles):
        """Straight in the tables: it is no test of the route that does it."""
        names = ", ".join(f"'{role}'" for role in roles)
        psql(self.dompetd.database, f"DELETE FROM user_role WHERE user_id = '{self.id}'",
             f"INSERT INTO user_role (user_id, role_id) SELECT '{self.id}', id FROM role WHERE name IN ({names})")

    def mailed(self, subject):
        """The code in the newest mail with this subject; mails go to files, a moment after what they are about."""
        def newest():
            for mail in sorted((self.dompetd.directory / "mail").glob("*.eml"), reverse=True):
                text = mail.read_text()
                if self.email in text and subject in text:
                    return re.search(r"^[\w-]{43}$", text.replace("\r", ""), re.M).group()
            return None
        return wait_until(newest, f"a mail about {subject!r}")

    def client(self, **more):
        return self.dompetd.client(login=(self.email, self.password), **more)


class Administrator:
    """Whom every server of the tests makes at its first start."""

    def __init__(self, dompetd):
        self.dompetd = dompetd
        self.username, self.email, self.password = "administrator", ADMIN_EMAIL, ADMIN_PASSWORD

    def client(self, **more):
        return self.dompetd.client(**more)

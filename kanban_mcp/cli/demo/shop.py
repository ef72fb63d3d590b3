"""What the demo's workers write: a very small shop, standard library only. Texts of files, nothing else."""

INITIAL = {
    "README.md": """\
# shop

A very small shop. Tests: `python -m unittest`.
""",
    ".gitignore": "__pycache__/\n",
    "shop/__init__.py": '"""A very small shop."""\n',
    "shop/prices.py": '''\
"""Prices of the shop."""


def total(prices: list[float]) -> float:
    """Return what a basket costs."""
    return sum(prices)
''',
    "shop/users.py": '''\
"""The users of the shop, in an SQLite file. The table is old: it keeps passwords as they were typed."""

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

FIRST = [("ada", "lovelace"), ("alan", "turing"), ("grace", "hopper")]


def create(path: Path) -> None:
    """Make the table with its first users."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE users (name TEXT PRIMARY KEY, password TEXT NOT NULL)")
        db.executemany("INSERT INTO users VALUES (?, ?)", FIRST)


def status(path: Path) -> dict[str, object]:
    """Return how many users there are, which columns they have and when the table was migrated (epoch ms)."""
    with closing(sqlite3.connect(path)) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(users)")]
        (users,) = db.execute("SELECT count(*) FROM users").fetchone()
        (migrated,) = db.execute("PRAGMA user_version").fetchone()
        at_ms = db.execute("SELECT at_ms FROM migrations").fetchone()[0] if migrated else None
    return {"users": users, "columns": columns, "migrated_at_ms": at_ms}


if __name__ == "__main__":
    if not Path(sys.argv[1]).exists():
        create(Path(sys.argv[1]))
    print(json.dumps(status(Path(sys.argv[1]))))
''',
    "tests/__init__.py": "",
    "tests/test_prices.py": """\
import unittest

from shop.prices import total


class Prices(unittest.TestCase):
    def test_an_empty_basket_costs_nothing(self) -> None:
        self.assertEqual(total([]), 0)
""",
}

PRICES_TEST = (
    INITIAL["tests/test_prices.py"]
    + """
    def test_a_total_is_in_whole_cents(self) -> None:
        self.assertEqual(total([0.1, 0.2]), 0.3)
"""
)

PRICES_FIXED = INITIAL["shop/prices.py"].replace("sum(prices)", "round(sum(prices), 2)")

AUTH_HASH = '''\
"""Logging in: salted hashes, compared in constant time."""

import hashlib
import hmac
import secrets

ROUNDS = 20_000


def hash_password(password: str, salt: bytes | None = None) -> str:
    """Return `salt$digest`, both in hex."""
    salt = salt or secrets.token_bytes(16)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
    return f"{salt.hex()}${digest.hex()}"


def verify(password: str, stored: str) -> bool:
    """Say whether a password is the one that was hashed."""
    salt, _, _ = stored.partition("$")
    return hmac.compare_digest(hash_password(password, bytes.fromhex(salt)), stored)
'''

AUTH_HALF_WRITTEN = (
    AUTH_HASH
    + """

def login(users: dict[str, str], name: str, pass
"""
)

AUTH_LOGIN = (
    AUTH_HASH
    + '''

def login(users: dict[str, str], name: str, password: str) -> bool:
    """Say whether the user may come in; `users` maps names to stored hashes."""
    stored = users.get(name)
    if stored is not None:
        return verify(password, stored)
'''
)

AUTH_FIXED = AUTH_LOGIN + "    return False\n"

TYPE_PROBE = "from shop.auth import login; answer = login({}, 'nobody', 'x'); assert answer is False, repr(answer)"

AUTH_TEST = """\
import unittest

from shop.auth import hash_password, login, verify


class Auth(unittest.TestCase):
    def setUp(self) -> None:
        self.users = {"ada": hash_password("lovelace")}

    def test_the_right_password_opens(self) -> None:
        self.assertIs(login(self.users, "ada", "lovelace"), True)

    def test_a_wrong_password_does_not(self) -> None:
        self.assertIs(login(self.users, "ada", "Lovelace"), False)

    def test_an_unknown_user_does_not_come_in(self) -> None:
        self.assertIs(login(self.users, "nobody", "lovelace"), False)

    def test_two_hashes_of_one_password_differ(self) -> None:
        self.assertNotEqual(hash_password("x"), hash_password("x"))

    def test_a_hash_does_not_hold_the_password(self) -> None:
        self.assertNotIn("lovelace", self.users["ada"])
        self.assertTrue(verify("lovelace", self.users["ada"]))
"""

API_PAGE = """\
# API

* `shop.prices.total(prices)`: what a basket costs.
* `shop.users.create(path)`: makes the table of users.
* `shop.users.status(path)`: users, columns, and when the table was migrated.
"""

CHANGELOG = "# Changelog\n\n* Added: a page on the API (docs/api.md).\n"

MIGRATE = '''\
"""Migration 1: replace the passwords that users typed by salted hashes. There is no way back."""

import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from shop.auth import hash_password


def migrate(path: Path) -> int:
    """Hash every password and drop the typed ones, in one transaction; returns how many users were converted."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("BEGIN IMMEDIATE")
        users = db.execute("SELECT name, password FROM users").fetchall()
        db.execute("CREATE TABLE hashed (name TEXT PRIMARY KEY, password_hash TEXT NOT NULL)")
        db.executemany("INSERT INTO hashed VALUES (?, ?)", [(name, hash_password(typed)) for name, typed in users])
        db.execute("DROP TABLE users")
        db.execute("ALTER TABLE hashed RENAME TO users")
        db.execute("CREATE TABLE migrations (at_ms INTEGER NOT NULL)")
        db.execute("INSERT INTO migrations VALUES (?)", [time.time_ns() // 1_000_000])
        db.execute("PRAGMA user_version = 1")
    return len(users)


if __name__ == "__main__":
    print(migrate(Path(sys.argv[1])))
'''

MIGRATE_TEST = """\
import tempfile
import unittest
from pathlib import Path

from shop import users
from shop.migrate import migrate


class Migrate(unittest.TestCase):
    def test_typed_passwords_are_gone_and_users_stay(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "shop.db"
            users.create(path)
            self.assertEqual(migrate(path), 3)
            found = users.status(path)
        self.assertEqual((found["users"], found["columns"]), (3, ["name", "password_hash"]))
"""

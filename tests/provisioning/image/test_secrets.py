"""No secret passes: each rule finds what it is for, and not what a good image holds."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from provisioning.image.secrets import RULES, findings

EC, ED, RSA = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 1024)
PLAIN = NoEncryption()
KEYS = [
    EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, PLAIN),
    EC.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, PLAIN),
    EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
    RSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, PLAIN),
    RSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"x")),
    ED.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, PLAIN),
    ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, PLAIN),
]


def found(path: str, content: bytes = b"x") -> list[str]:
    return [one.what for one in findings(path, content)]


@pytest.mark.parametrize("key", KEYS)
def test_a_private_key_is_found_wherever_it_lies_and_whatever_is_around_it(key: bytes) -> None:
    assert found("usr/share/innocent.txt", key) == ["a private key"]
    assert found("usr/lib/blob", bytes(1000) + key + bytes(1000)) == ["a private key"]
    assert found("etc/windows", key.replace(b"\n", b"\r\n")) == ["a private key"]
    assert found("etc/x.json", json.dumps({"key": key.decode()}).encode()) == ["a private key"]


@pytest.mark.parametrize(
    "text",
    [
        b"-----BEGIN PRIVATE KEY-----",
        b'_SK_START = b"-----BEGIN OPENSSH PRIVATE KEY-----"\n_SK_END = b"-----END OPENSSH PRIVATE KEY-----"\n',
        b"RSA PRIVATE KEY\0EC PRIVATE KEY\0-----BEGIN \0",
        b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEabcdabcdabcd\nabcdabcdabcdabcdabcd==\n",
    ],
)
def test_a_program_that_only_reads_keys_is_not_taken_for_one(text: bytes) -> None:
    assert found("usr/lib/python3/ssh.py", text) == []


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("etc/machine-id", b"0123456789abcdef0123456789abcdef\n", "machine id"),
        ("var/lib/dbus/machine-id", b"0123456789abcdef0123456789abcdef\n", "machine id"),
        ("var/lib/systemd/random-seed", b"\1" * 512, "random seed"),
        ("loader/random-seed", b"\1" * 32, "random seed"),
        ("var/lib/systemd/credential.secret", b"x", "credential key"),
        ("etc/ssh/ssh_host_ed25519_key", b"x", "SSH host key"),
        ("usr/sbin/sshd", b"\x7fELF", "SSH server"),
        ("root/.ssh/authorized_keys", b"ssh-ed25519 AAAA", "SSH files"),
        ("etc/shadow", b"root:$y$j9T$abc$def:19000:0:99999:7:::\n", "a password"),
        ("etc/shadow", b"root::19000:0:99999:7:::\n", "without one"),
        ("etc/shadow-", b"daemon:*:1::::::\npi:$6$x$y:1::::::\n", "a password"),
        ("etc/gshadow", b"sudo:$6$x$y::\n", "a password"),
        ("etc/passwd", b"root::0:0:root:/root:/bin/bash\n", "where all can read"),
        ("etc/passwd", b"root:$1$ab$cd:0:0:root:/root:/bin/bash\n", "where all can read"),
        ("etc/campbox/identity.json", b"{}", "identity"),
        ("campbox/identity.json", b"{}", "identity"),
        ("var/lib/campbox/identity/token", b"abc", "one box alone"),
        ("identity/token", b"abc", "one box alone"),
        ("srv/hub/authority/ca-key.pem", b"x", "hub's secrets"),
        ("root/.netrc", b"machine x login y password z", "credentials"),
        ("etc/apt/auth.conf.d/x.conf", b"machine x", "credentials"),
        ("etc/ssl/private/ssl-cert-snakeoil.key", b"x", "private key folder"),
        ("etc/pip.conf", b"[global]\nindex-url = https://me:secret@host/simple\n", "in an address"),
        ("root/.bash_history", b"ls\n", "typed"),
    ],
)
def test_each_rule_finds_what_it_is_for(path: str, content: bytes, said: str) -> None:
    assert any(said in what for what in found(path, content))


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("etc/machine-id", b""),
        ("etc/machine-id", b"uninitialized\n"),
        ("etc/shadow", b"root:*:19000:0:99999:7:::\ncampbox-gate:!*:19000::::::\n"),
        ("etc/gshadow", b"root:*::\nnogroup:!::\n"),
        ("etc/passwd", b"root:x:0:0:root:/root:/bin/bash\n"),
        ("etc/campbox/campbox.toml", b"[site]\n"),
        ("campbox/image.json", b"{}"),
        ("root/.bashrc", b"PS1=x"),
        ("root/.ssh/authorized_keys", b"\n"),
        ("etc/pip.conf", b"[global]\nindex-url = https://libraries.example/simple\n"),
    ],
)
def test_what_a_good_image_holds_is_not_complained_about(path: str, content: bytes) -> None:
    assert found(path, content) == []


def test_every_rule_is_tried_above() -> None:
    tried = {
        what
        for mark in test_each_rule_finds_what_it_is_for.pytestmark
        for path, content, _ in mark.args[1]
        for what in found(path, content)
    }  # type: ignore[attr-defined]
    assert tried == {rule.what for rule in RULES}


WHATS = {*(rule.what for rule in RULES), "a private key"}


@given(st.text(max_size=30), st.binary(max_size=200))
def test_no_file_crashes_the_search(path: str, content: bytes) -> None:
    for name in (path, "etc/shadow", "etc/passwd", "etc/machine-id", "etc/pip.conf"):
        assert {(one.path, one.what) for one in findings(name, content)} <= {(name, what) for what in WHATS}
        assert "a private key" in found(name, content + KEYS[0] + content)

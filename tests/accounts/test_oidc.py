"""Identity tokens: what is good is taken, and every forged one refused (OID-13)."""

# ruff: noqa: N802 - names end with the assertions that they show

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.cache import cache
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts import issuer_keys, issuers, oidc
from tests.factories.oidc import AUDIENCE, Issuer, ec_key, issuing, public_jwk, rsa_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def issuer(settings):
    with issuing() as running:
        settings.OIDC_ISSUERS, settings.OIDC_LOOPBACK = running.settings, True
        settings.OIDC_AUDIENCE = AUDIENCE
        cache.clear()
        yield running


def verify(token: str) -> oidc.Identity:
    return oidc.verify(token, oidc.issuer_of(token))


def encode(header: dict[str, Any], claims: Any, signature: bytes = b"") -> str:
    """A token put together by hand."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def public_pem(key: Any) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


# -- what is good --------------------------------------------------------------------------------


def test_a_token_that_its_issuer_signed_for_us_is_taken(issuer: Issuer):
    found = verify(issuer.token(jti="first"))
    assert found.issuer.name == "forge"
    assert found.kept["repository"] == "Ann/demo"
    assert found.kept["workflow"] == "release.yml"  # the file, whatever the workflow calls itself
    assert found.identifier == hashlib.sha256(b"first").hexdigest()
    assert "jti" not in found.kept


def test_es256_is_taken_where_the_issuer_signs_so(issuer: Issuer):
    issuer.keys.append(public_jwk(ec_key(), "curve"))
    assert verify(issuer.token(ec_key(), kid="curve", alg="ES256")).kept["sha"]


def test_a_little_difference_of_clocks_does_no_harm(issuer: Issuer):
    now = int(time.time())
    assert verify(issuer.token(iat=now + 10, nbf=now + 10))
    assert verify(issuer.token(exp=now - 10))


# -- what is forged ------------------------------------------------------------------------------


def _unsigned(issuer: Issuer) -> str:
    return encode({"alg": "none", "typ": "JWT", "kid": "one"}, issuer.good())


def _unsigned_in_capitals(issuer: Issuer) -> str:
    return encode({"alg": "NoNe", "kid": "one"}, issuer.good())


def _stripped(issuer: Issuer) -> str:
    return issuer.token().rpartition(".")[0] + "."


def _hmac_with_the_public_key(issuer: Issuer) -> str:
    token = encode({"alg": "HS256", "typ": "JWT", "kid": "one"}, issuer.good()).rpartition(".")[0]
    signature = hmac.new(public_pem(rsa_key()), token.encode(), hashlib.sha256).digest()
    return f"{token}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _hmac_with_the_modulus(issuer: Issuer) -> str:
    token = encode({"alg": "HS256", "kid": "one"}, issuer.good()).rpartition(".")[0]
    signature = hmac.new(issuer.keys[0]["n"].encode(), token.encode(), hashlib.sha256).digest()
    return f"{token}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _by_another_key(issuer: Issuer) -> str:
    return issuer.token(rsa_key(1))


def _brings_its_own_key(issuer: Issuer) -> str:
    headers = {"kid": "one", "jwk": public_jwk(rsa_key(1), "one"), "jku": f"{issuer.url}/mine"}
    return jwt.encode(issuer.good(), rsa_key(1), algorithm="RS256", headers=headers)


def _with_other_claims(issuer: Issuer) -> str:
    header, _, signature = issuer.token().split(".")
    claims = json.dumps(issuer.good(repository="mallory/demo")).encode()
    return f"{header}.{base64.urlsafe_b64encode(claims).rstrip(b'=').decode()}.{signature}"


def _another_algorithm_of_the_same_key(issuer: Issuer) -> str:
    return issuer.token(alg="RS512")


def _a_curve_signature_under_an_rsa_name(issuer: Issuer) -> str:
    return issuer.token(ec_key(), alg="ES256")


def _without_kid(issuer: Issuer) -> str:
    return jwt.encode(issuer.good(), rsa_key(), algorithm="RS256")


def _critical_header(issuer: Issuer) -> str:
    headers = {"kid": "one", "crit": ["exp"]}
    return jwt.encode(issuer.good(), rsa_key(), algorithm="RS256", headers=headers)


FORGED = {
    "unsigned": _unsigned,
    "unsigned, spelt otherwise": _unsigned_in_capitals,
    "its signature cut off": _stripped,
    "HS256 with the public key": _hmac_with_the_public_key,
    "HS256 with the modulus": _hmac_with_the_modulus,
    "by another key": _by_another_key,
    "brings its own key": _brings_its_own_key,
    "with other claims": _with_other_claims,
    "another algorithm of the same key": _another_algorithm_of_the_same_key,
    "ES256 under the name of an RSA key": _a_curve_signature_under_an_rsa_name,
    "without the name of a key": _without_kid,
    "a critical header": _critical_header,
    "an unknown key": lambda issuer: issuer.token(kid="two"),
    "another audience": lambda issuer: issuer.token(aud="pypi"),
    "a list of audiences": lambda issuer: issuer.token(aud=[AUDIENCE, "pypi"]),
    "a list of one audience": lambda issuer: issuer.token(aud=[AUDIENCE]),
    "no audience": lambda issuer: issuer.token(aud=None),
    "an empty audience": lambda issuer: issuer.token(aud=""),
    "expired": lambda issuer: issuer.token(exp=int(time.time()) - 60),
    "no expiry": lambda issuer: issuer.token(exp=None),
    "expiry as a text": lambda issuer: issuer.token(exp="tomorrow"),
    "expiry out of range": lambda issuer: issuer.token(exp=10**30),
    "not valid yet": lambda issuer: issuer.token(nbf=int(time.time()) + 600),
    "issued in the future": lambda issuer: issuer.token(iat=int(time.time()) + 600),
    "no time of issue": lambda issuer: issuer.token(iat=None),
    "no jti": lambda issuer: issuer.token(jti=None),
    "an empty jti": lambda issuer: issuer.token(jti=""),
    "a jti that is no text": lambda issuer: issuer.token(jti=7),
    "no issuer": lambda issuer: issuer.token(iss=None),
    "an issuer that is no text": lambda issuer: issuer.token(iss=["x"]),
    "an issuer with a slash more": lambda issuer: issuer.token(iss=f"{issuer.url}/"),
    "an issuer that nobody named": lambda issuer: issuer.token(iss="https://evil.test"),
    "started by a stranger's pull request": lambda issuer: issuer.token(
        event_name="pull_request_target"
    ),
    "nothing": lambda issuer: "",
    "one part": lambda issuer: "token",
    "two parts": lambda issuer: "a.b",
    "parts that are no base64": lambda issuer: "*.*.*",
    "no ASCII": lambda issuer: issuer.token() + "é",
    "a list as claims": lambda issuer: encode({"alg": "RS256", "kid": "one"}, []),
    "brackets without end": lambda issuer: encode({"alg": "RS256", "kid": "one"}, 1).replace(
        "MQ", base64.urlsafe_b64encode(b"[" * 9000).rstrip(b"=").decode()
    ),
    "too long": lambda issuer: issuer.token(more="x" * 20_000),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused_OID_13(issuer: Issuer, forge):
    token = forge(issuer)
    with pytest.raises(oidc.InvalidIdentity) as refusal:
        verify(token)
    assert refusal.value.status == 422
    assert refusal.value.detail.startswith("The identity token is refused: ")
    assert len(token) < 10 or token not in refusal.value.detail


@hypothesis_settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(where=st.integers(0, 5000), what=st.sampled_from("AZaz09-_.=+/ \0"))
def test_a_token_with_any_character_changed_is_refused(issuer: Issuer, where: int, what: str):
    token = issuer.token(jti="fixed")
    where %= len(token)
    changed = token[:where] + what + token[where + 1 :]
    if _means_the_same(changed, token):
        return
    with pytest.raises(oidc.InvalidIdentity):
        verify(changed)


def _means_the_same(changed: str, token: str) -> bool:
    """The last character of a signature has bits that mean nothing."""
    if changed[:-1] != token[:-1] or not re.fullmatch(r"[\w-]", changed[-1], re.ASCII):
        return False
    ends = (each.rpartition(".")[2] + "==" for each in (changed, token))
    return len({base64.urlsafe_b64decode(end) for end in ends}) == 1


@hypothesis_settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.one_of(st.text(), st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode())))
def test_whatever_arrives_is_refused_and_never_breaks(issuer: Issuer, text: str):
    for token in (text, f"{text}.{text}.{text}"):
        with pytest.raises(oidc.InvalidIdentity):
            verify(token)


# -- keys ----------------------------------------------------------------------------------------


def test_keys_are_asked_for_once_and_shared(issuer: Issuer):
    for _ in range(3):
        verify(issuer.token())
    assert issuer.requests == ["/.well-known/openid-configuration", "/keys"]


def test_a_new_key_is_found_when_the_issuer_changes_it(issuer: Issuer):
    verify(issuer.token())
    issuer.keys = [public_jwk(rsa_key(1), "two")]
    assert verify(issuer.token(rsa_key(1), kid="two"))
    with pytest.raises(oidc.InvalidIdentity):
        verify(issuer.token())  # the old one is gone


def test_unknown_keys_make_us_ask_once_a_minute(issuer: Issuer):
    verify(issuer.token())
    for number in range(5):
        with pytest.raises(oidc.InvalidIdentity):
            verify(issuer.token(kid=f"unknown-{number}"))
    assert issuer.requests.count("/keys") == 2


def test_an_unknown_issuer_is_never_asked(issuer: Issuer, settings):
    settings.OIDC_ISSUERS = []
    with pytest.raises(oidc.InvalidIdentity, match="none that this index trusts"):
        oidc.issuer_of(issuer.token())
    assert issuer.requests == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda issuer: issuer.changes.update(issuer="https://other.test"),
        lambda issuer: issuer.changes.update(jwks_uri="http://169.254.169.254/keys"),
        lambda issuer: issuer.changes.update(jwks_uri="file:///etc/passwd"),
        lambda issuer: issuer.changes.update(jwks_uri=None),
        lambda issuer: issuer.changes.update(padding="x" * 300_000),
        lambda issuer: issuer.keys.extend([{}] * 200),
        lambda issuer: setattr(issuer, "keys", "none"),
        lambda issuer: setattr(issuer, "status", 302),
        lambda issuer: setattr(issuer, "status", 500),
    ],
    ids=["other issuer", "metadata service", "file", "none", "huge", "many", "text", "302", "500"],
)
def test_an_issuer_that_answers_nonsense_is_away_and_left_alone(issuer: Issuer, spoil):
    spoil(issuer)
    for _ in range(3):
        with pytest.raises(issuer_keys.IssuerAway) as refusal:
            verify(issuer.token())
    assert refusal.value.status == 503
    assert issuer.requests.count("/.well-known/openid-configuration") == 1


@pytest.mark.parametrize(
    "key",
    [
        public_jwk(rsa_key(2, 1024), "one"),
        public_jwk(rsa_key(), "one", use="enc"),
        public_jwk(rsa_key(), "one", alg="RS512"),
        {"kty": "oct", "kid": "one", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "one", "n": "!", "e": "AQAB"},
    ],
    ids=["short", "for encryption", "for another algorithm", "a secret", "broken"],
)
def test_a_key_that_is_no_good_signs_nothing(issuer: Issuer, key):
    issuer.keys = [key]
    with pytest.raises(oidc.InvalidIdentity, match="no key of its issuer"):
        verify(issuer.token())


def test_issuers_on_this_machine_are_for_tests_only(issuer: Issuer, settings):
    settings.OIDC_LOOPBACK = False
    issuers._parsed.cache_clear()
    with pytest.raises(issuers.InvalidIssuer, match="https"):
        issuers.configured()

"""Security keys: what a real one answered when it was registered."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from accounts.models import User


def make_key(user: User, name: str = "Blue key", *, passkey: bool = True) -> Authenticator:
    """A key on the user's account, with a public key that nobody has the other half of."""
    point = {1: 2, 3: -7, -1: 1, -2: b"\x11" * 32, -3: b"\x22" * 32}
    data = AttestedCredentialData.create(bytes(16), b"credential" * 2, ES256(point))
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT
    auth_data = AuthenticatorData.create(bytes(32), flags, 0, data)
    client_data = CollectedClientData.create("webauthn.create", b"challenge", "https://localhost")
    credential = {
        "id": websafe_encode(b"credential" * 2),
        "rawId": websafe_encode(b"credential" * 2),
        "type": "public-key",
        "clientExtensionResults": {"credProps": {"rk": passkey}},
        "response": {
            "clientDataJSON": websafe_encode(client_data),
            "attestationObject": websafe_encode(AttestationObject.create("none", auth_data, {})),
        },
    }
    return Authenticator.objects.create(
        user=user,
        type=Authenticator.Type.WEBAUTHN,
        data={"name": name, "credential": credential},
    )

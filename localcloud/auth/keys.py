"""The keys of one project: what its API keys are and how its tokens are signed."""

import hmac
import json
import secrets
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, Literal, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

Kind = Literal["new", "legacy"]
Role = Literal["anon", "service_role"]
KeyKind = Literal["publishable", "secret"]

ROLES: dict[str, Role] = {"publishable": "anon", "secret": "service_role"}

_LEGACY_KEY_LIFETIME = 10 * 365 * 24 * 3600  # seconds; the platform's legacy keys live ten years


@dataclass(frozen=True, kw_only=True)
class ProjectKeys:
    """Every key of a project and the rule for which of them counts.

    A new project signs user tokens with ES256 and has publishable and secret API keys beside the legacy pair; a
    legacy project has only that pair and signs with HS256. Source: Supabase's documentation on API keys and JWT
    signing keys, read in 2026.

    Attributes:
        kind: `new` or `legacy`.
        publishable: the `sb_publishable_…` key; None in a legacy project.
        secret: the `sb_secret_…` key; None in a legacy project.
        anon: the legacy JWT of role anon.
        service_role: the legacy JWT of role service_role.
        jwt_secret: the HS256 secret behind the legacy pair.
        signing_key: the private ES256 JWK with its `kid`; None in a legacy project.
        legacy_enabled: whether the legacy pair is accepted.
        added: further publishable and secret keys, as the Management API describes them.
    """

    kind: Kind
    publishable: str | None = field(repr=False)
    secret: str | None = field(repr=False)
    anon: str = field(repr=False)
    service_role: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    signing_key: Mapping[str, Any] | None = field(repr=False)
    legacy_enabled: bool = True
    added: Sequence[Mapping[str, Any]] = field(default=(), repr=False)

    @classmethod
    def generate(cls, kind: Kind, ref: str) -> Self:
        """Make the keys of the new project `ref`; the legacy pair names the project in its claim `ref`."""
        jwt_secret = secrets.token_urlsafe(48)
        new = kind == "new"
        return cls(
            kind=kind,
            publishable=make_api_key("publishable") if new else None,
            secret=make_api_key("secret") if new else None,
            anon=_legacy_key("anon", ref, jwt_secret),
            service_role=_legacy_key("service_role", ref, jwt_secret),
            jwt_secret=jwt_secret,
            signing_key=_signing_key() if new else None,
        )

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**document)

    def to_json(self) -> dict[str, Any]:
        """Give the keys as a JSON object, private parts included."""
        return asdict(self)

    def issue(self, claims: Mapping[str, Any], lifetime: int) -> str:
        """Sign `claims` with the project's current signing key, valid from now for `lifetime` seconds."""
        now = int(time.time())
        payload = {**claims, "iat": now, "exp": now + lifetime}
        if self.signing_key is None:
            return jwt.encode(payload, self.jwt_secret, algorithm="HS256")
        return jwt.encode(
            payload, jwt.PyJWK(dict(self.signing_key)).key, algorithm="ES256", headers={"kid": self.signing_key["kid"]}
        )

    def verify(self, token: str) -> dict[str, Any]:
        """Check signature and expiry and give the claims.

        Raises:
            jwt.InvalidTokenError: not a token that this project accepts, or an expired one.
        """
        header = jwt.get_unverified_header(token)
        options: Any = {"verify_aud": False, "require": ["exp"]}
        if header.get("alg") == "HS256" and self.legacy_enabled:
            return jwt.decode(token, self.jwt_secret, algorithms=["HS256"], options=options)
        if self.signing_key is not None and header.get("kid") == self.signing_key["kid"]:
            key = jwt.PyJWK(dict(self.signing_key)).key.public_key()
            return jwt.decode(token, key, algorithms=["ES256"], options=options)
        raise jwt.InvalidTokenError("no key of this project matches the token")

    def jwks(self) -> dict[str, Any]:
        """Give the public keys as a JWK set; a legacy project publishes none."""
        if self.signing_key is None:
            return {"keys": []}
        public = {name: value for name, value in self.signing_key.items() if name != "d"}
        return {"keys": [{**public, "key_ops": ["verify"]}]}

    def role_of_api_key(self, key: str) -> Role | None:
        """Say which role an API key stands for; None where it is no key of this project, or a disabled one."""
        roles: dict[str | None, Role] = {self.publishable: "anon", self.secret: "service_role"}
        roles |= {entry["api_key"]: ROLES[entry["type"]] for entry in self.added}
        if self.legacy_enabled:
            roles |= {self.anon: "anon", self.service_role: "service_role"}
        for known, role in roles.items():
            if known is not None and hmac.compare_digest(known.encode(), key.encode()):
                return role
        return None


def make_api_key(kind: KeyKind) -> str:
    """Make a random key with the platform's form: 22 characters and a checksum of 8."""
    value = f"sb_{kind}_{secrets.token_urlsafe(16)}"
    return f"{value}_{urlsafe_b64encode(sha256(value.encode()).digest())[:8].decode()}"


def _legacy_key(role: Role, ref: str, jwt_secret: str) -> str:
    now = int(time.time())
    claims = {"iss": "supabase", "ref": ref, "role": role, "iat": now, "exp": now + _LEGACY_KEY_LIFETIME}
    return jwt.encode(claims, jwt_secret, algorithm="HS256")


def _signing_key() -> dict[str, Any]:
    private: dict[str, Any] = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1())))
    return {**private, "alg": "ES256", "use": "sig", "kid": str(uuid.uuid4())}

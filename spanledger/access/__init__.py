"""Who may do what: keys with roles and scopes, sessions of the pages, and the log of who did what."""

from __future__ import annotations

from spanledger.access.keyring import KeyRing
from spanledger.access.keys import ROLES, Key, Role
from spanledger.access.scope import Scope, lifted, of_request, within

__all__ = ["ROLES", "Key", "KeyRing", "Role", "Scope", "lifted", "of_request", "within"]

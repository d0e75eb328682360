"""Who may see a session: whoever holds its ticket, which only this service can make.

A real application knows its users and looks up whose session it is. What must not be is that
anybody who has a session's id, from a log or a support ticket, can read and answer it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac


class Tickets:
    """Makes tickets and reads them back. They are good as long as the secret is the same."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def issue(self, session_id: str) -> str:
        """Give the ticket for a session."""
        return f"{session_id}.{self._seal(session_id)}"

    def session_id(self, ticket: str) -> str | None:
        """Give the session that a ticket is for; `None` if it is no ticket of ours."""
        session_id, _, seal = ticket.rpartition(".")
        ours = hmac.compare_digest(seal.encode(), self._seal(session_id).encode())
        return session_id if ours else None

    def _seal(self, session_id: str) -> str:
        digest = hmac.digest(self._secret, session_id.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

"""What the board tells people: what waits for them, what happened, how it goes. Reads only, as one call each."""

from kanban_mcp.service import digest, inbox, stats
from kanban_mcp.service.plumbing import Plumbing
from kanban_mcp.service.results import Digest, Inbox, Stats
from kanban_mcp.service.session import Session


class Telling(Plumbing):
    """Inbox, digest, stats."""

    async def inbox(self, s: Session, *, limit: int = 20) -> Inbox:
        """Return what waits for people, those first that most tasks wait for."""
        return await self._read(s, inbox.inbox, limit)

    async def digest(self, s: Session, *, since_ms: int) -> Digest:
        """Return what happened since a moment (epoch ms), for a person who was away."""
        return await self._read(s, digest.digest, since_ms)

    async def stats(self, s: Session, *, since_ms: int) -> Stats:
        """Return the numbers since a moment (epoch ms)."""
        return await self._read(s, stats.stats, since_ms)

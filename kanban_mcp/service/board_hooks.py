"""What the hooks of a client ask a server for, as one call each."""

from kanban_mcp.domain import hooks
from kanban_mcp.domain.hooks import HookEvent
from kanban_mcp.service import greeting, hooking
from kanban_mcp.service.hooking import Reaction
from kanban_mcp.service.plumbing import Plumbing
from kanban_mcp.service.session import Session


class Hooks(Plumbing):
    """Hooks of a connected client."""

    async def hook(self, s: Session, event: HookEvent) -> Reaction:
        """Answer a hook of the agent that `s` is; writes only when there is something to write."""
        if event.name == hooks.SESSION_START:
            return await self._greet(s)
        s.given.update(s.handing)
        s.handing.clear()
        seen = await self._read(s, hooking.look, event)
        if not seen.must_act:
            return seen.reaction
        if event.name in hooks.BEATS:
            reaction = await self._store.write_soon(hooking.act, self._call(s), event)
            self._feed.wake()
            return reaction
        return await self._write(s, hooking.act, event)

    async def _greet(self, s: Session) -> Reaction:
        line, has_lost = await self._read(s, greeting.greet, self._role(s, None))
        if has_lost:
            await self._write(s, greeting.note_told)
        return Reaction(context=line)

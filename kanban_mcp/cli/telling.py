"""Commands that tell a person what the board needs and what it did: inbox, digest, stats."""

from typing import Annotated

import typer

from kanban_mcp.cli.options import AsJson, Db, Since


def inbox(
    limit: Annotated[int, typer.Option("-n", "--limit", metavar="N", min=1, max=500, help="At most this many.")] = 20,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Show what waits for you, first what most tasks wait for, each with the command that settles it."""
    from kanban_mcp.cli import act, output, telling_page

    found = act.call(db, lambda b, s: b.inbox(s, limit=limit), reads=True)
    act.answer(found, as_json, lambda result: telling_page.inbox(result, output.console()))


def digest(since: Since = "24h", db: Db = None, as_json: AsJson = False) -> None:
    """Show on one screen what happened while you were away: what waits, failed, was odd, got done, who worked."""
    from kanban_mcp import machine
    from kanban_mcp.cli import act, given, output, telling_page

    moment = given.since_ms(since, machine.read_clock().wall_ms)
    found = act.call(db, lambda b, s: b.digest(s, since_ms=moment), reads=True)
    act.answer(found, as_json, lambda result: telling_page.digest(result, output.console()))


def stats(since: Since = "7d", db: Db = None, as_json: AsJson = False) -> None:
    """Show numbers: throughput, cycle and lead times, attempts, outcomes per role and worker, waits for people."""
    from kanban_mcp import machine
    from kanban_mcp.cli import act, given, output, telling_page

    moment = given.since_ms(since, machine.read_clock().wall_ms)
    found = act.call(db, lambda b, s: b.stats(s, since_ms=moment), reads=True)
    act.answer(found, as_json, lambda result: telling_page.stats(result, output.console()))

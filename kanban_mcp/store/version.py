"""Which SQLite library runs here, and whether it has the WAL-reset bug."""

import sqlite3

SQLITE_VERSION = sqlite3.sqlite_version
_FIXED = (3, 51, 3)
_BACKPORTS = {(3, 50): 7, (3, 44): 6}  # release line: first patch that has the fix
_WITHDRAWN = (3, 52, 0)


def has_wal_reset_bug(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Say whether `version` can lose committed pages when one connection writes while another checkpoints.

    From 3.7.0 to 3.51.2, but for two release lines that got the fix. Our own processes are safe
    all the same: they write and checkpoint under one lock. A foreign program that writes to the board does not take it,
    which is why `doctor` names the version. 3.52.0 was withdrawn and counts as affected.
    """
    if version == _WITHDRAWN:
        return True
    if version < (3, 7, 0) or version >= _FIXED:
        return False
    return version[2] < _BACKPORTS.get((version[0], version[1]), version[2] + 1)

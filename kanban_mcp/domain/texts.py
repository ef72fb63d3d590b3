"""Texts that say nothing, and how text from agents is shown (seeds/001 anti-fake-pass, reference T19)."""

import re
import unicodedata

_WORD = re.compile(r"\w+", re.UNICODE)
_EMPTY_SUMMARIES = frozenset(
    "done complete completed finished ok okay fixed success successful successfully ready works working yes good task "
    "is the it all now everything has have had been was were are work and i we my our a this that job implemented as "
    "requested asked expected finally".split()
)
_EMPTY_REASONS = frozenset(
    "blocked stuck help need needs i am im can cannot cant not continue go on waiting wait please error failed fail "
    "failure problem issue it is the a there an with unknown something went wrong does work doesnt have has do "
    "dont know how what to me my we task this".split()
)


def words(text: str) -> list[str]:
    """Split a text into lower-case words, dropping apostrophes so that `can't` is one word."""
    return _WORD.findall(text.replace("'", "").replace("’", "").lower())


def is_weak_summary(summary: str, title: str) -> bool:
    """Say whether a summary tells a reviewer nothing: empty, only words like `done`, or the title again."""
    said = words(summary)
    if all(word in _EMPTY_SUMMARIES for word in said):
        return True
    new = [word for word in said if word not in set(words(title)) | _EMPTY_SUMMARIES]
    return not new


def is_weak_reason(reason: str) -> bool:
    """Say whether a reason gives nobody anything to act on: under three words, or only words like `stuck`.

    No question mark is asked for: `Missing API key — need STRIPE_SECRET_KEY in .env` has none (seeds/001).
    """
    said = words(reason)
    return len(said) < 3 or all(word in _EMPTY_REASONS for word in said)


_SECRET = re.compile(
    r"""(?x)
    \b(?: sk-[A-Za-z0-9_-]{16,} | sk_(?:live|test)_[A-Za-z0-9]{10,} | rk_(?:live|test)_[A-Za-z0-9]{10,}
      | gh[pousr]_[A-Za-z0-9]{20,} | github_pat_[A-Za-z0-9_]{20,} | glpat-[A-Za-z0-9_-]{16,}
      | xox[abprs]-[A-Za-z0-9-]{10,} | AKIA[0-9A-Z]{16} | ASIA[0-9A-Z]{16} | AIza[0-9A-Za-z_-]{30,}
      | npm_[A-Za-z0-9]{30,} | pypi-[A-Za-z0-9_-]{30,} | hf_[A-Za-z0-9]{30,}
      | eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,} )
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----
    """
)


def looks_like_secret(text: str) -> bool:
    """Say whether a text holds something with the shape of a key; an answer is read by every later run."""
    return _SECRET.search(text) is not None


def has_control_characters(text: str, *, one_line: bool = False) -> bool:
    """Say whether a text holds control characters other than newline and tab (neither, when `one_line`).

    Format characters that reorder or hide text (bidirectional overrides, zero-width) count too: a title that reads
    differently from what it says misleads the person who approves it. Lone surrogates cannot be stored at all.
    """
    allowed = "" if one_line else "\n\t\r"
    if text.isprintable():  # most texts are, and one call tells it a hundred times faster
        return False
    return any(_is_control(ch) and ch not in allowed for ch in text)


def _is_control(ch: str) -> bool:
    category = unicodedata.category(ch)
    return category in ("Cc", "Cs", "Zl", "Zp") or (category == "Cf" and ch not in "\u200c\u200d\u00ad")


def escape(text: str) -> str:
    """Return the text with control, bidirectional and escape characters shown as `\\x1b`, newline and tab kept."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(
        ch.encode("unicode_escape").decode("ascii") if _is_control(ch) and ch not in "\n\t" else ch for ch in text
    )


def shorten(text: str, limit: int) -> str:
    """Return at most `limit` characters, with a sign where something was cut."""
    if len(text) <= limit:
        return text
    cut = f" … (+{len(text) - limit} characters)"
    return text[: max(0, limit - len(cut))] + cut

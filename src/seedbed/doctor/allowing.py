"""Comments that keep a check quiet: ``# seedbed: allow=SB101 why it is meant``.

A comment counts for the whole statement that it stands in or behind (formatters move it to another line of a long
one); on a line of its own it counts for the statement that begins below it. Of a block it is the head.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from seedbed.doctor.codes import BY_NAME, CHECKS
from seedbed.doctor.finding import Finding

_MENTION = re.compile(r"seedbed\s*:\s*allow", re.IGNORECASE)
_HEAD = re.compile(r"#\s*seedbed\s*:\s*allow(?:\s*[=:]|(?=\s+SB\d))", re.IGNORECASE)
_WORD = re.compile(r"([\s,;\[\]\"'()]*)(\w+(?:-\w+)*)")
_CODE = re.compile(r"SB\d+", re.IGNORECASE)
_SPACE = {tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass
class Allowed:
    """What the comments of one file allow.

    Args:
        codes: Codes by line, ``"all"`` for every code.
        notes: ``(line, sentence)`` for each comment that allows nothing, or not all that it names.
    """

    codes: dict[int, set[str]] = field(default_factory=dict)
    notes: list[tuple[int, str]] = field(default_factory=list)

    def covers(self, finding: Finding) -> bool:
        """Whether a finding at its line is allowed."""
        codes = self.codes.get(finding.line, set())
        return finding.code in codes or "all" in codes


def read_allowed(text: str) -> Allowed:
    """Read the comments of a file's text."""
    found = Allowed()
    if not _MENTION.search(text):
        return found
    for covered, comments in _statements(text):
        for line, comment in comments:
            codes, wrong = _codes(comment)
            for one in covered:
                found.codes.setdefault(one, set()).update(codes)
            if not covered and not wrong:
                wrong = ["this comment belongs to no statement; put it behind the one that it is about, or right above"]
            found.notes += [(line, why) for why in wrong]
    return found


def _statements(text: str) -> Iterator[tuple[Sequence[int], list[tuple[int, str]]]]:
    """The lines of each statement (of a block: its head) with the comments that belong to it."""
    comments: list[tuple[int, str]] = []
    first, begins, decorator = 0, True, False
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            line = token.start[0]
            if token.type == tokenize.COMMENT:
                if _MENTION.search(token.string):
                    comments.append((line, token.string))
            elif token.type == tokenize.NEWLINE:
                if not decorator:  # a decorator and what it decorates are one
                    yield range(first, line + 1), comments
                    comments, first = [], 0
                begins = True
            elif token.type == tokenize.NL:
                if not first and not token.line.strip():  # an empty line
                    yield (), comments
                    comments = []
            elif token.type not in _SPACE:
                decorator = token.string == "@" if begins else decorator
                first, begins = first or line, False
    except (tokenize.TokenError, SyntaxError):
        pass
    yield (), comments


def _codes(comment: str) -> tuple[set[str], list[str]]:
    """The codes that a comment allows, and sentences about what it names in vain; behind them a reason may stand."""
    codes: set[str] = set()
    wrong: list[str] = []
    head = _HEAD.search(comment)
    at = head.end() if head else len(comment)
    first = True
    while word := _WORD.match(comment, at):
        listed = first or "," in word[1] or ";" in word[1]
        named = _named(word[2], listed)
        meant = first or _CODE.fullmatch(word[2]) or (listed and "-" in word[2])
        if not named and not meant:
            break  # the reason begins
        if not named:
            wrong.append(_unknown(word[2]))
        codes |= named
        at, first = word.end(), False
    if first:
        wrong.append("this comment allows nothing, it names no check; write # seedbed: allow=SB101 with your code")
    return codes, wrong


def _named(word: str, listed: bool) -> set[str]:
    """The codes that a word means; ``all`` only where codes are listed, it is a word of reasons too."""
    if _CODE.fullmatch(word):
        return {code for code in CHECKS if code.startswith(word.upper())}
    if listed and word.lower() == "all":
        return {"all"}
    return {BY_NAME[word.lower()].code} if word.lower() in BY_NAME else set()


def _unknown(word: str) -> str:
    import difflib  # hardly ever wanted

    near = difflib.get_close_matches(word.lower(), BY_NAME, n=1)
    advice = f"did you mean {near[0]}? All are listed by: seedbed explain" if near else "see: seedbed explain"
    return f"allow={word} keeps nothing quiet, there is no such check; {advice}"

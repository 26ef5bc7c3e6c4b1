"""Operations that run without an error and do nothing, or not what their name says."""

from __future__ import annotations

import linecache
import re
from collections import Counter
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.effects import WEIGHT
from seedbed.doctor.observe.facts import Note
from seedbed.doctor.observe.site import Site
from seedbed.doctor.observe.source import last_call
from seedbed.doctor.probes.view import Run, number, report

DECISION_WORDS = {"argmax": "argmax", "round": "round()", "round_": "round()", "sign": "sign()", "one_hot": "one_hot"}
HOLDERS = {"weight": "the model's own weights", "gradient": "the gradient itself (p.grad)"}


def probe(run: Run) -> Iterator[Finding]:
    """Report aliases that update themselves, hard loss terms, stalled sums, repeated draws and misused padding ids."""
    yield from _self_updates(run)
    yield from _hard_terms(run)
    yield from _stalled_sums(run)
    yield from _same_draws(run)
    yield from _same_rows(run)
    yield from _padding_ids(run)
    yield from _partial_clipping(run)


def _self_updates(run: Run) -> Iterator[Finding]:
    for note in run.record.noted("self-update"):
        owner = note.first["owner"]
        if not owner or len(note.steps) < 2:
            continue
        what = "average (EMA, shadow)" if owner == "weight" else "momentum buffer"
        code = "SB915" if owner == "weight" else "SB181"
        yield report(
            code, f"the {what} is an alias: it is the same tensor in memory as {HOLDERS[owner]} (no clone), so it "
            "is updated with itself and holds no history", _alias_line(note.site), "Keep a copy: .detach().clone().",
            "Both names share storage; whatever changes one changes the other.", shape=note.first["shape"],
        )  # fmt: skip
        return


def _alias_line(site: Site | None) -> Site | None:
    """Return the line that stored the alias: an assignment of the same container without a copy, else ``site``."""
    if site is None:
        return None
    target = re.match(r"([\w.]+)\[", site.text)
    lines = linecache.getlines(site.file) if target is not None else []
    name = re.escape(target[1]) if target is not None else ""
    for pattern in (rf"^{name}\s*\[[^\]]+\]\s*=[^=]", rf"^{name}\s*=\s*[\[{{].*\bfor\b"):
        for line, text in enumerate(lines, 1):
            kept = text.strip()
            if re.search(pattern, kept) and not re.search(r"clone|deepcopy|zeros", kept) and line != site.line:
                return Site(site.file, line)
    return site


def _hard_terms(run: Run) -> Iterator[Finding]:
    for note in run.record.noted("hard-term"):
        if len(note.steps) < 2:
            continue
        if note.first["decision"] == WEIGHT:
            yield report(
                "SB268", "the penalty on the weights has no gradient: it is made from .data or detach()ed weights, "
                f"so it adds {number(note.first['value'])} to the loss and nothing to the gradient (no regularization)",
                note.site, "Compute it from the parameters themselves: w.abs().sum(), w.square().sum().",
                value=note.first["value"],
            )  # fmt: skip
            continue
        name = DECISION_WORDS.get(note.first["decision"], "a threshold (a comparison)")
        yield report(
            "SB282", f"a term of the loss has no gradient: it is computed from hard predictions ({name} is not "
            f"differentiable), so it changes the value of the loss (by {number(note.first['value'])}) but trains "
            "nothing", note.site, "Use the soft scores or probabilities in the loss; keep hard decisions for metrics.",
            value=note.first["value"],
        )  # fmt: skip


def _stalled_sums(run: Run) -> Iterator[Finding]:
    for note in run.record.noted("low-precision-sum"):
        seen = note.first
        yield report(
            "SB919", f"a running sum is kept in {seen['kind']}, which has too few digits: from {seen['limit']} on "
            "adding 1 changes nothing (rounding), so counts saturate and averages are wrong", note.site,
            "Count in an integer, and sum in float32 or with .item().", kind=seen["kind"],
        )  # fmt: skip


def _same_draws(run: Run) -> Iterator[Finding]:
    # what is drawn at few of the steps belongs to a look at the model in between, which is best made with fixed numbers
    notes = [note for note in run.record.noted("same-draw") if note.last["steps"] >= 0.4 * note.last["span"]]
    if notes and not _seeded_again(run):
        note = notes[0]
        yield report(
            "SB702", f"the same random numbers are drawn at every step: {note.last['steps']} steps got identical "
            f"values of shape {note.first['shape']} here, because a generator is made or seeded anew each time",
            note.site,
            "Make and seed the generator once, before the loop.", steps_looked_at=note.last["steps"],
        )  # fmt: skip


def _same_rows(run: Run) -> Iterator[Finding]:
    for note in run.record.noted("same-rows")[:1]:
        if not _seeded_again(run) and not run.record.noted("same-draw"):
            yield report(
                "SB702", f"the same {note.first['rows']} rows are drawn at every step: the random index is made anew "
                f"in {note.last['steps']} steps and is always equal, because its generator is seeded in the loop",
                note.site, "Make and seed the generator once, before the loop.", steps_looked_at=note.last["steps"],
            )  # fmt: skip


def _seeded_again(run: Run) -> bool:
    """Say whether a global seed was set often: another probe tells about that."""
    counts = Counter((site, value) for calls in run.record.seeds.values() for site, value, _ in calls)
    return any(count >= 3 for count in counts.values())


def _padding_ids(run: Run) -> Iterator[Finding]:
    tables: dict[int, list[Note]] = {}
    for note in run.record.noted("padding-id"):
        tables.setdefault(note.first["table"], []).append(note)
    for notes in tables.values():
        first, last, calls = notes[0].first, notes[0].last, sum(n.count for n in notes)
        inner, runs, size = (min(first[k], last[k]) for k in ("inner", "runs", "size"))
        if len(notes) != 1 or calls < 3 or inner < 2 or not size:
            continue
        single, share, pad = first["ndim"] == 1, inner / size, first["pad"]
        if not single and (inner > 1.6 * runs or last["rows"] < 0.1 * last["batch"]):
            continue
        made = _table_line(run, first["table"])
        if single and share > 0.02:
            yield report(
                "SB466", f"padding_idx={pad} is a real category: {share:.0%} of the ids are {pad}, but an embedding "
                f"keeps the vector of its padding index at zero, so category {pad} is never trained", made,
                "Leave padding_idx out, or shift the real ids by one.", share=share, pad=pad,
            )  # fmt: skip
        elif not single and share > 0.01:
            yield report(
                "SB466", f"the padding id (pad id {pad}) stands between real tokens: {share:.1%} of the ids inside the "
                f"rows are {pad}, so real or unknown (out-of-vocabulary, UNK) tokens share the zero vector of "
                f"padding_idx={pad}, which is masked and never trained", _fallback_line(made, pad) or made,
                "Give unknown tokens an id of their own (<unk>).", share=share, pad=pad,
            )  # fmt: skip


def _table_line(run: Run, key: int) -> Site | None:
    for root in run.record.roots.values():
        for module in root.module.modules():
            for parameter in module.parameters(recurse=False):
                if id(parameter) == key:
                    return run.made_at(module)
    return None


def _fallback_line(made: Site | None, pad: int) -> Site | None:
    """Return the line that gives unknown words the padding id: ``vocab.get(word, 0)``."""
    for line, text in enumerate(linecache.getlines(made.file) if made else (), 1):
        if re.search(rf"\.get\([^()]*,\s*({pad}|\w*pad\w*)\s*\)", text, re.IGNORECASE):
            return Site(made.file, line) if made else None
    return None


def _partial_clipping(run: Run) -> Iterator[Finding]:
    for optimizer in run.stepped:
        sites = optimizer.clip_good
        grads = [p for p in optimizer.params if id(p) in optimizer.grad_seen]
        left = [p for p in grads if id(p) not in optimizer.clip_ids]
        total = sum(p.numel() for p in grads)
        if sum(sites.values()) < 2 or not left or len(left) == len(grads):
            continue
        if sum(p.numel() for p in left) < 0.05 * total or _recurrent_only(run, optimizer.clip_ids):
            continue
        names = ", ".join(sorted({run.names.get(id(p), "?").rpartition(".")[0] or "?" for p in left})[:3])
        site = sites.most_common(1)[0][0]
        yield report(
            "SB923", f"only a part of the parameters is clipped: {len(left)} of {len(grads)} parameters of the "
            f"optimizer ({names}) are not in the clipping call, their gradients are never clipped",
            last_call(site, ("clip_grad_norm_", "clip_grad_value_")), "Clip model.parameters() as a whole.",
            left=len(left), parameters=len(grads),
        )  # fmt: skip


def _recurrent_only(run: Run, ids: set[int]) -> bool:
    """Say whether what is clipped is the recurrent part of a model, which is a known recipe."""
    words = ("rnn", "lstm", "gru", "cell")
    return all(any(w in run.names.get(key, "").lower() for w in words) for key in ids if key in run.names)

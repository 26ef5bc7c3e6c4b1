"""Padding takes part in attention, pooling or recurrence.

## What it does

Finds recurrent networks and poolings that take padded steps for real ones.

## Why is this bad

The last step of a padded sequence is padding. A plain mean counts padding too.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 16, padding_idx=0)
        self.rnn = nn.GRU(16, 32, batch_first=True)
        self.fc = nn.Linear(32, 2)

    def forward(self, ids):
        out, _ = self.rnn(self.emb(ids))
        return self.fc(out[:, -1])
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 16, padding_idx=0)
        self.rnn = nn.GRU(16, 32, batch_first=True)
        self.fc = nn.Linear(32, 2)

    def forward(self, ids):
        out, _ = self.rnn(self.emb(ids))
        last = (ids != 0).sum(1) - 1
        return self.fc(out[torch.arange(len(ids)), last])
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _unread_lengths(p)
    yield from _maximum_of_zeros(p)
    yield from _unmasked_encoder(p)
    yield from _unmasked_attention(p)
    yield from _without_mask(p)
    yield from _unmasked_memory(p)
    for event in sorted([*p.once("getitem"), *p.first_makers("mean")], key=lambda e: e.seq):
        if event.kind == "getitem":
            key = event.args[0] if event.args else None
            parts = key.items if key is not None and key.items else []
            first = _unpacked(event.recv) if event.recv is not None and event.recv.name in ("part", "getitem") else None
            if first is not None and (
                (first and len(parts) >= 2 and parts[0].kind == "slice" and parts[1].const == -1)
                or (not first and key is not None and (parts[0] if parts else key).const == -1)
            ):
                yield _report(p, event, "the last time step of a padded sequence is padding for shorter ones", ())
                continue
            outs = [o for o in event.recv.options() if o.name == "recurrent"] if event.recv is not None else []
            if not outs or len(parts) < 2 or parts[0].kind != "slice" or parts[1].const != -1:
                continue
            source, what = outs[0], "the last time step of a padded sequence is padding"
        else:
            made = event.result
            if made is None or made.kind != "tensor" or made.name not in ("mean",) or not made.args:
                continue
            dim = made.kwargs.get("dim", made.args[1] if len(made.args) > 1 else None)
            if dim is None or dim.const not in (0, 1):
                continue
            unpacked = _unpacked(made.args[0])
            if unpacked is not None and dim.const == (1 if unpacked else 0):
                yield _report(p, event, "the mean over time counts the padding of shorter sequences", ())
            if unpacked is not None or dim.const != 1 or not event.depth:
                continue
            source, what = made.args[0], "the mean over time counts the padding"
            if source.name in ("mul", "masked_fill", "where", "sub"):
                continue
        parts_ = list(ancestors(source, limit=120))
        padded = [
            v
            for v in parts_
            if v.name == "Embedding" and v.owner is not None and v.owner.kwargs.get("padding_idx") is not None
        ]
        padded += [v for v in parts_ if v.name == "pad_sequence"]
        if not padded or any(
            v.name in ("pack_padded_sequence", "pad_packed_sequence", "masked_fill", "flip") for v in parts_
        ):
            continue
        masked = any(v.name == "mul" and any("mask" in a.var or _tests_padding(a) for a in v.args) for v in parts_)
        if masked or any(_cut_short(v) for v in parts_):
            continue
        weak = event.kind != "getitem" and (not p.complete or _windows(padded[0]))  # who calls it may never pad
        yield _report(p, event, what, (q.place(padded[0]),), Severity.HINT if weak else None)


def _tests_padding(val: Val) -> bool:
    """Whether a factor is a comparison turned into numbers: ``(ids != 0).unsqueeze(-1).float()``."""
    return not val.grad and any(v.name in ("compare", "eq", "ne", "lt", "gt", "ge", "le") for v in q.chain(val)[:6])


_ROW_ORDERS = frozenset(["tolist", "randperm", "np_permutation", "permutation", "arange", "np_arange", "range"])


def _cut_short(val: Val) -> bool:
    """Whether something is cut to a length that is worked out: ``out[k, : lengths[k]]``."""
    key = val.args[1] if val.name == "getitem" and len(val.args) > 1 else None
    if key is not None and val.args[0].name in _ROW_ORDERS:
        return False  # the rows of a batch are taken from an order of all rows
    slices = [s for s in (key.items or [key]) if s.kind == "slice" and len(s.args) > 1] if key is not None else []
    return any(s.args[1].kind not in ("const",) and not s.args[1].is_none for s in slices)


def _windows(padded: Val) -> bool:
    """Whether what is padded was cut to windows of one length at random places: only what is shorter has padding."""
    for one in ancestors(padded, limit=80):
        key = one.args[1] if one.name == "getitem" and len(one.args) > 1 else None
        if key is not None and key.kind == "slice" and key.args and key.args[0].name in ("randint", "randrange"):
            return True
    return False


def _unmasked_encoder(p: Program) -> Iterator[Finding]:
    """A transformer encoder that reads sequences padded by ``pad_sequence``, without a padding mask."""
    if not p.complete:
        return
    for event in p.once("forward"):
        if event.name not in ("TransformerEncoder", "TransformerEncoderLayer") or not event.args or event.recv is None:
            continue
        if event.recv.owner is not None or len(event.args) > 1 or not p.trained(event.result):
            continue
        if any(k in event.kwargs for k in ("src_key_padding_mask", "mask", "src_mask", "is_causal")):
            continue
        padded = [v for v in ancestors(event.args[0], limit=300) if v.name == "pad_sequence"]
        if not padded:
            continue
        what, rare = "the encoder attends to the padding (no src_key_padding_mask)", _windows(padded[0])
        yield _report(p, event, what, (q.place(padded[0]),), Severity.HINT if rare else None)


def _unmasked_attention(p: Program) -> Iterator[Finding]:
    """``nn.MultiheadAttention`` whose keys are the steps of padded sequences, without ``key_padding_mask``."""
    if not p.complete:
        return
    for event in p.once("forward"):
        made, keys = event.result, event.arg(1, "key")
        if event.name != "MultiheadAttention" or event.recv is None or event.recv.owner is not None or keys is None:
            continue
        call = event.node
        if not isinstance(call, ast.Call) or any(k.arg is None for k in call.keywords) or "*" in event.kwargs:
            continue
        given = [event.arg(3, "key_padding_mask"), event.arg(5, "attn_mask"), event.kwargs.get("is_causal")]
        if any(g is not None and not g.is_none for g in given) or made is None or not made.items:
            continue
        padded = _steps_padded(p, keys) if p.trained(made.items[0]) else None
        if padded is not None:
            what, rare = "attention reads the padding too (no key_padding_mask)", _windows(padded)
            yield _report(p, event, what, (q.place(padded),), Severity.HINT if rare else None)


_PER_STEP = frozenset([
    "add", "mul", "Embedding", "Linear", "LayerNorm", "dropout", "relu", "gelu", "scaled", "to", "float", "long",
    "contiguous", "transpose", "permute", "phi", "MultiheadAttention", "tanh", "layer_norm", "cuda",
])  # fmt: skip


def _steps_padded(p: Program, keys: Val) -> Val | None:
    """Where sequences were padded, if each step of them is a step of ``keys``: nothing is pooled or picked between."""
    stack, seen = [keys], set[int]()
    while stack and len(seen) < 80:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.name == "pad_sequence":
            return one
        if one.name == "Embedding" and one.args and _compared_with_padding(p, one):
            return one
        if one.name in _PER_STEP or one.kind == "phi":
            stack.extend(one.options() if one.kind == "phi" else one.args)
    return None


def _compared_with_padding(p: Program, embedded: Val) -> bool:
    """Whether the ids that an embedding reads are compared with its ``padding_idx`` elsewhere: padding occurs."""
    index = embedded.owner.kwargs.get("padding_idx") if embedded.owner is not None else None
    if index is None or type(index.const) is not int:
        return False
    users = p.users(embedded.args[0])
    return any(u.name in ("compare", "eq", "ne") and len(u.args) > 1 and u.args[1].const == index.const for u in users)


def _unmasked_memory(p: Program) -> Iterator[Finding]:
    """``nn.Transformer`` that hides the padding of the source from its encoder, but not from its decoder."""
    for event in p.once("forward"):
        recv, mask = event.recv, event.kwargs.get("src_key_padding_mask")
        if event.name != "Transformer" or recv is None or recv.owner is not None or mask is None or mask.is_none:
            continue
        if "memory_key_padding_mask" in event.kwargs or "*" in event.kwargs or len(event.args) > 4:
            continue
        if isinstance(event.node, ast.Call) and any(k.arg is None for k in event.node.keywords):
            continue
        yield _report(p, event, "the decoder attends to the padding of the source (no memory_key_padding_mask)", ())


def _unread_lengths(p: Program) -> Iterator[Finding]:
    """A recurrent model that is given the lengths of its sequences and takes the last state without them."""
    for cls in p.classes:
        member = cls.scope.vars.get("forward") if cls.base == "module" and cls.src is p.source else None
        if member is None or member.kind != "func":
            continue
        node = member.owner.node
        given = [a.arg for a in node.args.args[1:] if "len" in a.arg.lower() and "max" not in a.arg.lower()]
        read = {n.id for n in syntax.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        if not given or given[0] in read:
            continue
        layers = [e for e in p.once("forward") if e.name in ("GRU", "LSTM", "RNN") and e.depth and _in(node, e)]
        if layers:
            yield _report(
                p,
                layers[0],
                f"{given[0]} is given to forward() but never used, so the last state is that of padding",
                (),
            )


def _in(node: ast.AST, event: Event) -> bool:
    return getattr(node, "lineno", 0) <= event.line <= (getattr(node, "end_lineno", 0) or 0)


def _maximum_of_zeros(p: Program) -> Iterator[Finding]:
    """A maximum over time of outputs whose padding was set to zero: zero is larger than a negative output."""
    for event in p.first_calls("max", "amax", "adaptive_max_pool1d"):
        made = event.result
        if (
            made is None
            or not event.depth
            or event.name.rsplit(".", 1)[-1] not in ("max", "amax", "adaptive_max_pool1d")
        ):
            continue
        source = (made.args or (made,))[0] if made.kind == "tuple" else made.args[0] if made.args else None
        if source is None or source.name not in ("mul", "masked_fill") or not source.grad:
            continue
        low = source.name == "mul" or (len(source.args) > 2 and source.args[2].const in (0, 0.0))
        mask = source.args[1] if len(source.args) > 1 else source
        shut = any(v.name in ("relu", "sigmoid", "softmax", "softplus") for v in q.chain(source.args[0])[:3])
        masks = any(v.name in ("compare", "invert") or v.dtype == "bool" or "mask" in v.var for v in q.chain(mask)[:5])
        pairs = any(v.name == "eye" or _of_pairs(v) for v in ancestors(mask, limit=40))  # entries of a table, not steps
        if low and masks and not shut and not mask.grad and not pairs:
            yield _report(p, event, "the maximum over time takes the zeros of the mask: fill padding with -inf", ())


def _of_pairs(val: Val) -> bool:
    """Whether a comparison sets everything against everything: ``labels[:, None] == labels[None, :]``."""
    if val.name not in ("compare", "eq", "ne") or len(val.args) != 2:
        return False
    left, right = (f.core(a) for a in val.args)
    spread = [
        a.args[0] if a.name == "getitem" and len(a.args) == 2 and _adds_axis(a.args[1]) else a for a in (left, right)
    ]
    return (spread != [left, right] and f.core(spread[0]) is f.core(spread[1])) or (
        left is right and val.args[0] is not val.args[1]
    )


def _adds_axis(key: Val) -> bool:
    """Whether an index adds an axis and keeps everything."""
    parts = key.items or [key]
    return any(k.is_none for k in parts) and all(k.is_none or k.kind == "slice" for k in parts)


_READS_BOTH_WAYS = re.compile(
    r"^(Auto|Bert|DistilBert|Roberta|XLMRoberta|Electra|Albert|Deberta(V2)?|Camembert)(Model|For)"
)


def _without_mask(p: Program) -> Iterator[Finding]:
    """Padded token ids that go into a pretrained encoder alone: it takes every padding token for a word."""
    for event in p.once("forward"):
        made = event.recv.node if event.recv is not None and event.recv.name == "from_pretrained" else None
        home = made.func.value if isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) else None
        name = syntax.text(home).rsplit(".", 1)[-1] if home is not None else ""
        ids = event.args[0] if len(event.args) == 1 else event.kwargs.get("input_ids")
        if not _READS_BOTH_WAYS.match(name) or "CausalLM" in name or ids is None or "attention_mask" in event.kwargs:
            continue
        call = event.node
        if len(event.args) > 1 or not isinstance(call, ast.Call) or any(k.arg is None for k in call.keywords):
            continue
        if _padded(p, ids):
            yield _report(
                p,
                event,
                f"{name} gets padded ids without attention_mask, so it attends to the padding",
                (),
            )


def _padded(p: Program, ids: Val) -> bool:
    """Whether token ids were filled up: by pad_sequence, or by a tokenizer that was given several texts."""
    made = {id(e.result): e for e in p.calls("from_pretrained") if e.args and e.recv is not None}
    for one in ancestors(ids, limit=80):
        if one.name == "pad_sequence":
            return True
        call = made.get(id(one))
        padding = call.kwargs.get("padding") if call is not None else None
        if call is not None and padding is not None and padding.const not in (False, "do_not_pad", None):
            texts = call.args[0]
            return not (texts.kind == "const" and isinstance(texts.const, str) and padding.const != "max_length")
    return False


def _report(
    p: Program,
    event: Event,
    what: str,
    related: tuple[tuple[str, int, str], ...],
    severity: Severity | None = None,
) -> Finding:
    return p.report(
        "SB226",
        event,
        f"padding takes part in the result: {what}",
        why="short sequences are summarised by their padding, so the result depends on the length of the batch",
        fix="Use the lengths (pack_padded_sequence, index with length - 1, sum(1) / lengths) or a mask",
        severity=severity,
        related=related,
    )


def _unpacked(val: Val) -> bool | None:
    """Whether a value is what ``pad_packed_sequence`` gives back: batch first or not, ``None`` if it is not."""
    for one in q.chain(val)[:8]:
        if one.name in ("mul", "masked_fill", "where", "sub", "div"):
            return None
        if one.name == "pad_packed_sequence":
            flag = one.arg(1, "batch_first")
            return flag is not None and flag.const is True
    return None

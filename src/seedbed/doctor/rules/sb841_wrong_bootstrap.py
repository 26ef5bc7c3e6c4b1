"""A bootstrapped target ignores the end of the episode, or takes the wrong state or action.

## What it does

Finds targets `reward + gamma * value` without the terminal mask, with the mask inverted, of the same state as the
prediction, and predictions of the best action instead of the stored one. Also target networks copied at every step, or
asked both for the action and for its value.

## Why is this bad

After the last step of an episode there is no next value. The values then grow without bound, or belong to other steps.

## Example

```python
net, target = nn.Linear(4, 2), nn.Linear(4, 2)
target.load_state_dict(net.state_dict())
opt = torch.optim.Adam(net.parameters())
for state, action, reward, next_state, done in loader:
    with torch.no_grad():
        goal = reward + 0.99 * target(next_state).max(1).values
    value = net(state).gather(1, action.unsqueeze(1)).squeeze(1)
    loss = F.mse_loss(value, goal)
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
net, target = nn.Linear(4, 2), nn.Linear(4, 2)
target.load_state_dict(net.state_dict())
opt = torch.optim.Adam(net.parameters())
for state, action, reward, next_state, done in loader:
    with torch.no_grad():
        goal = reward + 0.99 * (1 - done) * target(next_state).max(1).values
    value = net(state).gather(1, action.unsqueeze(1)).squeeze(1)
    loss = F.mse_loss(value, goal)
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.rules.sb824_unrelated_noise_target import pairs
from seedbed.doctor.static import next_values, record_columns, syntax, td_errors, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.formulas import complement, core, factors, plain_terms
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_ENDS = frozenset(["done", "dones", "terminal", "terminals", "terminated", "terminations"])
_SHORT = frozenset(["d", "end", "ended", "finished", "over", "term", "terms", "fin", "last"])
_REST = frozenset(
    ["not", "non", "nonterminal", "notdone", "mask", "masks", "alive", "cont", "continue", "nonterminals"]
)
_REWARDS = frozenset(["reward", "rewards", "rew", "rews", "r"])
_PICKS = frozenset(["argmax", "sample", "multinomial", "int_builtin", "item", "tensor", "as_tensor", "batch"])
_BEST = frozenset(["max", "amax", "argmax"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for pred, target, event in pairs(p):
        found = bootstrap(target)
        if found is None or not pred.grad or id(found[0].node) in seen or id(event.node) in seen:
            continue
        total, future = found
        problem, at = _problem(p, event, pred, total, future)
        if problem:
            seen |= {id(total.node), id(event.node)}
            yield p.report(
                "SB841",
                at if at.line else event,
                problem,
                why="the target is not the value of the step that was taken, so values drift or grow without bound",
                fix="Use target = reward + gamma * (1 - done) * target_net(next_state).max(1).values and compare it "
                "with net(state).gather(1, action)",
                related=((str(event.src.path), event.line, "the loss"),),
            )
    yield from _loose_masks(p, seen)
    yield from _one_network(p, seen)
    for node, problem in td_errors.mistakes(p):
        yield p.report(
            "SB841",
            (node, p.source),
            problem,
            why="the advantages are not those of the steps that were taken, so good actions are not told from bad ones",
            fix="Use delta = reward[t] + gamma * value[t + 1] * (1 - done[t]) - value[t]",
        )
    yield from _synced(p)


def _loose_masks(p: Program, seen: set[int]) -> Iterator[Finding]:
    """``reward + gamma * (1 - done) + value``: the mask is a term of its own."""
    for pred, target, event in pairs(p):
        terms = [t for _, t in plain_terms(target)]
        nets = [t for t in terms if _from_net(t)]
        if len(terms) != 3 or len(nets) != 1 or not pred.grad or id(target.node) in seen:
            continue
        masks = [t for t in terms if t not in nets and _is_loose(t)]
        rated = any(_is_rate(v) for v, _ in factors(nets[0])) or len(factors(nets[0])) > 1
        if len(masks) == 1 and not rated:
            seen.add(id(target.node))
            made = core(target)
            yield p.report(
                "SB841",
                made if made.line else event,
                "the discount and the terminal mask are added to the next value instead of multiplied with it",
                why="the next value is then neither discounted nor left out at the end of an episode",
                fix="Use reward + gamma * mask * next_value",
                related=((str(event.src.path), event.line, "the loss"),),
            )


def _one_network(p: Program, seen: set[int]) -> Iterator[Finding]:
    """The target network is asked twice: it chooses the next action and values it."""
    for pred, target, event in pairs(p):
        found = bootstrap(target)
        best = next_values.chosen_by_its_own(p, pred, found[1]) if found is not None and pred.grad else None
        if best is None or id(best.node) in seen:
            continue
        seen.add(id(best.node))
        yield p.report(
            "SB841",
            best,
            "the same network selects the next action and values it, in two calls: this is no double DQN",
            why="the value of the largest guess is overestimated; two networks decouple the choice from its value",
            fix="Choose with the online network: best = net(next_state).argmax(1), and value it with the target",
            severity=Severity.WARNING,
            related=((str(event.src.path), event.line, "the loss"),),
        )


def _is_rate(val: Val) -> bool:
    plain = isinstance(val.const, float) and 0.5 <= val.const <= 1
    return plain or bool({"gamma", "discount"} & set(words(val.var)))


def _is_loose(term: Val) -> bool:
    """Whether a term is a discount times a mask, and nothing else."""
    parts = [v for v, power in factors(term) if power > 0]
    rest = [v for v in parts if not _is_rate(v)]
    return len(rest) == 1 < len(parts) and (
        complement(rest[0]) is not None
        or rest[0].name in ("invert", "logical_not", "compare")
        or bool((_REST | _ENDS) & set(words(rest[0].var)))
    )


def bootstrap(target: Val) -> tuple[Val, Val] | None:
    """``reward + gamma * value``: the sum and its discounted part."""
    total = core(target)
    if total.name != "add" or len(total.args) != 2:
        return None
    for reward, future in (total.args, total.args[::-1]):
        parts = [v for v, power in factors(future) if power > 0]
        rates = [v for v in parts if isinstance(v.const, float) and 0.5 <= v.const <= 1]
        named = [v for v in parts if {"gamma", "discount"} & set(words(v.var))]
        values = [v for v in parts if v.kind == "tensor" and _from_net(v)]
        if (rates or named) and values and not _from_net(reward):
            return total, future
    return None


def _problem(p: Program, event: Event, pred: Val, total: Val, future: Val) -> tuple[str, Val]:
    parts = [v for v, power in factors(future) if power > 0]
    inside = _arithmetic(total)
    for part in parts:
        bare = core(part)
        if _is_end(bare) and complement(part) is None and part.name not in ("invert", "logical_not", "rsub", "sub"):
            return "the terminal mask is inverted: the next value counts only where the episode is done", total
    if any(v.name == "mul" and any(_is_end(a) and not a.grad for a in v.args) for v in inside):
        return "the terminal mask is inverted: the next value counts only where the episode is done", total
    for part in parts:
        best = core(part)
        base = best.args[0] if best.name in ("max", "amax") and len(best.args) == 1 and not best.kwargs else None
        if base is not None and base.shape is not None and len(base.shape) > 1:
            return "max() without dim takes the best value of the whole batch, not of each next state: max(dim=1)", best
    known = _ends(p, event, total)
    idle = "" if known else _idle(p, total)
    used = {id(a) for v in inside if v.name in ("tensor", "as_tensor", "stack", "array") for a in v.args}
    used |= {id(v) for v in inside} | {id(o) for v in inside if v.kind == "phi" for o in v.options()}
    for change in p.all("setitem", "inplace"):  # next_value[done] = 0
        if change.recv is not None and change.recv.kind != "module" and id(change.recv) in used:
            used |= {id(v) for a in change.args for v in ancestors(a, limit=20)}
    filled = any(  # value[goes_on] = net(next_state[goes_on]): the others keep what they had
        e.recv is not None and id(e.recv) in used and e.args and e.args[0].kind in ("tensor", "unknown")
        for e in p.all("setitem")
    )
    masked = filled or any(v.name in ("where", "masked_fill", "compare", "sub", "rsub", "invert") for v in parts)
    masked |= any(_REST & set(words(v.var)) or _ENDS & set(words(v.var)) for v in inside)
    if known and not masked and not any(id(v) in used for v in known):
        return (
            f"the target bootstraps past the end of the episode: {known[0].var} is not used (terminal mask missing)",
            total,
        )
    if idle and not masked:
        return f"the target bootstraps past the end of the episode: {idle} is not used (terminal mask missing)", total
    own, other = _state(pred), _state(future)
    backwards = any(
        "reversed" in syntax.text(n.iter) and n.lineno <= total.line <= (n.end_lineno or 0) for n in q.nodes(p, ast.For)
    )
    if own is not None and other is own and not backwards:
        return "the bootstrapped target is computed for the same state as the prediction, not for the next state", total
    value = core(pred)
    if value.name == "gather" and value.number(1, "dim") == 0 and value.args[0].kind == "tensor" and _from_net(value):
        return "gather(0, ...) picks along the batch, the values of other states: the actions are dim=1", value
    if value.name in _BEST and any(v.name in _BEST for v in ancestors(future, limit=12)):
        return "the prediction is the value of the best action, not of the action that was taken (gather)", value
    return "", total


def _ends(p: Program, event: Event, total: Val) -> list[Val]:
    """The values that say where an episode ends, of the batch that the target is made from."""
    ends = {id(v): v for n, v, e in p.assigns if _ENDS & set(words(n)) and not _REST & set(words(n)) and e.loops}
    known = [v for v in ends.values() if v.kind in ("tensor", "unknown") and _beside(v)]
    known += [v for v in _unpacked(p, event) if v not in known]
    known += [v for v in (*_never_read(p, total), *_in_records(p, total)) if v not in known]
    read = {n.id for n in q.nodes(p, ast.Name) if isinstance(n.ctx, ast.Load)}
    endless = "terminated" not in read and "truncated" in read  # a task that only the clock ends
    return [v for v in known if not (endless and v.var == "terminated")]


def _idle(p: Program, total: Val) -> str:
    """The one part of a transition (s, a, r, s2, d) that the function with the target takes and never reads."""
    around = [f.node for f in p.functions if f.src is total.src and isinstance(f.node, ast.FunctionDef)]
    around = [f for f in around if f.lineno <= total.line <= (f.end_lineno or 0)]
    func: ast.AST = max(around, key=lambda f: f.lineno) if around else p.source.tree
    sets = [n for n in syntax.walk(func) if isinstance(n, ast.Assign)]
    own = {  # s, a, d = tensor(s), tensor(a), tensor(d): a name that is only converted is not read
        id(n)
        for a in sets
        for n in syntax.walk(a.value)
        if isinstance(n, ast.Name) and n.id in {t.id for t in syntax.walk(a.targets[0]) if isinstance(t, ast.Name)}
    }
    names = [n for n in syntax.walk(func) if isinstance(n, ast.Name)]
    read = {n.id for n in names if isinstance(n.ctx, ast.Load) and id(n) not in own}
    given = [a.arg for a in func.args.args if a.arg not in ("self", "cls")] if isinstance(func, ast.FunctionDef) else []
    tuples = [t for a in sets for t in a.targets if isinstance(t, ast.Tuple)]
    unpacked = [[getattr(e, "id", "") for e in t.elts] for t in tuples]
    for group in (given, *unpacked, *record_columns.columns(func)):
        idle = [n for n in group if n and n not in read]
        if 4 <= len(group) <= 7 and len(idle) == 1 and set(words(idle[0])) & (_ENDS | _SHORT) - _REST:
            return idle[0]
    return ""


def _unpacked(p: Program, event: Event) -> list[Val]:
    """The ends of episodes among what the function with the loss unpacks: ``s, a, r, s2, done = zip(*batch)``."""
    return [
        val
        for name, val, made in p.assigns
        if _ENDS & set(words(name)) and not _REST & set(words(name)) and val.kind == "tuple" and val.name == "pair"
        if made.funcs and event.funcs and made.funcs[-1] is event.funcs[-1]
    ]


def _never_read(p: Program, total: Val) -> list[Val]:
    """A stored table of the ends of episodes that nothing reads, beside the tables that the target is made from."""
    rows = {v.shape[0] for v in ancestors(total, limit=200) if v.shape and v.name != "getitem" and v.shape[0]}
    return [
        val
        for name, val, made in p.assigns
        if _ENDS & set(words(name)) and not made.loops and val.kind == "tensor" and val.shape
        if val.shape[0] in rows and not q.users(p, val) and not any(e.recv is val for e in p.all("getitem"))
    ]


def _in_records(p: Program, total: Val) -> list[Val]:
    """The ends of episodes in a record (a named tuple, a data class) that another part of the target comes from."""
    inside = {id(v) for v in _arithmetic(total)}
    found: list[Val] = []
    for event in p.all("make"):
        fields = event.result.attrs if event.result is not None else {}
        ends = [n for n in fields if _ENDS & set(words(n)) and not _REST & set(words(n))]
        if ends and any(_REWARDS & set(words(n)) and id(v) in inside for n, v in fields.items()):
            fields[ends[0]].var = fields[ends[0]].var or ends[0]
            found.append(fields[ends[0]])
    return found


def _arithmetic(total: Val) -> list[Val]:
    """What a target is computed from: not the memory from which its tensors were filled."""
    found: dict[int, Val] = {}
    stack = [total]
    while stack and len(found) < 600:
        one = stack.pop()
        if id(one) in found:
            continue
        found[id(one)] = one
        if one.name not in ("tensor", "as_tensor", "stack", "array") and one.kind not in ("list", "module", "func"):
            stack.extend(one.inputs())
    return list(found.values())


def _beside(val: Val) -> bool:
    """Whether a value belongs to the batch that the loss is computed from."""
    return (
        any(a.name in ("batch", "element", "part", "sample", "getitem") for a in ancestors(val, limit=3))
        or val.name in ("batch", "part")
        or any(a is not val and _ENDS & {a.name, a.var} for a in ancestors(val, limit=4))
    )


def _is_end(val: Val) -> bool:
    said = set(words(val.var))
    return bool(said & _ENDS) and not said & _REST


def _from_net(val: Val) -> bool:
    """Whether a value is an output of a network, not only something that an action of the network led to."""
    stack, seen = [val], set[int]()
    while stack and len(seen) < 40:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.owner is not None and one.kind == "tensor":
            return True
        if one.kind in ("tensor", "phi", "tuple", "number") and one.name not in _PICKS:
            stack.extend(one.inputs())
    return False


def _state(val: Val) -> Val | None:
    """The input of the network that a value comes from."""
    last: Val | None = None
    current = next((p for p, _ in factors(val) if _from_net(p)), val)
    for _ in range(120):
        if current.owner is not None and current.kind == "tensor":
            last = current
        inner = [a for a in current.args if a.kind in ("tensor", "unknown", "phi")]
        if not inner:
            break
        current = inner[0]
    return last.args[0] if last is not None and last.args else None


def _synced(p: Program) -> Iterator[Finding]:
    """Target networks that are copied in every update."""
    for event in p.once("restore"):
        source = event.args[0] if event.args else None
        if event.recv is None or source is None or source.kind != "state" or event.loop is None:
            continue
        steps = [e for e in p.all("step") if e.loop is not None and e.loop.node is event.loop.node]
        if not steps or event.conds_in(event.loop) or not any(_learns(p, m) for m in source.args):
            continue
        skips = [e for e in p.all("continue") if e.loop is not None and e.loop.node is event.loop.node]
        if any(steps[0].seq < e.seq < event.seq for e in skips):
            continue  # not in every round
        used = [
            f for f in training.forwards(p) if f.recv is event.recv and event.loop.node in [x.node for x in f.loops]
        ]
        goals = [t for pred, t, _ in pairs(p) if bootstrap(t) is not None]
        if used and any(any(v is f.result for v in ancestors(t, limit=200)) for f in used for t in goals):
            yield p.report(
                "SB841",
                event,
                "the target network is copied from the online network in every update: it is never held still",
                why="the target moves with the prediction as if there were no target network",
                fix="Copy it every few hundred steps, or average it slowly (tau = 0.005)",
            )


def _learns(p: Program, module: Val) -> bool:
    return module.kind == "module" and training.learns(p, module)

"""Which modules the script calls, in which mode, with and without gradients, and on which rows."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.utils import _pytree as pytree

from seedbed.doctor.observe.facts import ForwardFact, RootFact, is_plain, maker, spread, version_of
from seedbed.doctor.observe.hub import Hub
from seedbed.doctor.observe.rows import remember_head
from seedbed.doctor.observe.site import Site, here, names_of, site_of, user_frame

MAX_ROOTS = 40
MAX_FORWARDS = 4000
CAPTURE_BYTES = 64 << 20
LINEAR = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
FAST_PATH = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerEncoder)
BUSY = (*LINEAR, nn.RNNBase, _DropoutNd, nn.Identity, _BatchNorm)
MOODY = (_DropoutNd, _BatchNorm, nn.RNNBase, nn.MultiheadAttention)


_KINDS: dict[Any, bool] = {}


def _is_busy(module: nn.Module) -> bool:
    """Say whether every call of a layer of this kind is looked at, and not the first one only."""
    kind: Any = type(module)
    known = _KINDS.get(kind)
    if known is None:
        known = _KINDS[kind] = issubclass(kind, BUSY)
    return known


def active_randomness(modules: list[nn.Module]) -> tuple[str, ...]:
    """Name the kinds of layer among ``modules`` that behave differently in training mode and are in it now."""
    found: set[str] = set()
    for child in modules:
        if not child.training:
            continue
        if isinstance(child, _DropoutNd) and child.p > 0:
            found.add("dropout")
        elif isinstance(child, _BatchNorm):
            found.add("batchnorm")
        elif (isinstance(child, nn.RNNBase) and child.dropout > 0) or (
            isinstance(child, nn.MultiheadAttention) and child.dropout > 0
        ):
            found.add("dropout")
    return tuple(sorted(found))


def tensors_in(output: Any) -> list[Tensor]:
    """Return the ordinary tensors in a module's output, also those held by its objects (distributions, records)."""
    if isinstance(output, Tensor):
        return [output] if is_plain(output) else []
    found: list[Tensor] = []
    for leaf in pytree.tree_leaves(output):
        inner = vars(leaf).values() if hasattr(leaf, "__dict__") and not isinstance(leaf, Tensor) else (leaf,)
        found.extend(item for item in inner if isinstance(item, Tensor) and is_plain(item))
    return found


class ModuleWatch:
    """Global forward hooks and registration hooks.

    Args:
        recorder: The recorder whose facts it fills.
    """

    def __init__(self, recorder: Hub) -> None:
        self.recorder = recorder
        self.record = recorder.record
        self.stack: list[nn.Module] = []
        self.open: list[ForwardFact | None] = []
        self.by_module: weakref.WeakKeyDictionary[nn.Module, int] = weakref.WeakKeyDictionary()
        self.seen: set[int] = set()
        self.produced: dict[int, tuple[weakref.ref[Tensor], nn.Module, int]] = {}
        self.outputs: dict[int, ForwardFact] = {}
        self.kept: list[tuple[weakref.ref[Tensor], ForwardFact]] = []
        self.handles: list[Any] = []
        self.calls: list[Any] = []

    def install(self) -> None:
        """Register the hooks."""
        hooks = torch.nn.modules.module
        self.handles = [
            hooks.register_module_parameter_registration_hook(self._parameter_made),
            hooks.register_module_module_registration_hook(self._module_made),
        ]
        self.recorder.patches.replace(hooks, "_has_any_global_hook", self._without_ours)
        self.listen()

    def _without_ours(self, original: Callable[[], Any]) -> Callable[[], Any]:
        """Compiled modules warn of global hooks: of those of the script, not of ours."""
        hooks = torch.nn.modules.module

        def has_any_global_hook() -> Any:
            kinds = [hooks._global_forward_pre_hooks, hooks._global_forward_hooks]
            kinds += [hooks._global_backward_pre_hooks, hooks._global_backward_hooks]
            own = {handle.id for handle in self.calls}
            return original() and any(key not in own for kind in kinds for key in kind)

        return has_any_global_hook

    def listen(self) -> None:
        """Put the hooks on that see every call of a module."""
        hooks = torch.nn.modules.module
        self.stack.clear()
        self.calls = [
            hooks.register_module_forward_pre_hook(self._pre),
            hooks.register_module_forward_hook(self._post, always_call=True),
        ]

    def ignore(self) -> None:
        """Take the hooks off that see every call of a module."""
        for handle in self.calls:
            handle.remove()
        self.calls = []
        self.stack.clear()

    def remove(self) -> None:
        """Take the hooks away."""
        self.ignore()
        for handle in self.handles:
            handle.remove()
        self.handles = []

    # -- hooks -----------------------------------------------------------------------------------------------

    def _pre(self, module: nn.Module, args: Any) -> None:
        if torch.compiler.is_compiling() or self.recorder.guard.off or self.recorder.in_backward:
            return
        self.stack.append(module)
        if len(self.stack) == 1:
            self.open = [self.recorder.guard.run(self._enter, module, args)]
        elif self.recorder.watching and (id(module) not in self.seen or _is_busy(module)):
            self.recorder.guard.run(self._enter_child, module, args)

    def _post(self, module: nn.Module, args: Any, output: Any) -> None:
        if torch.compiler.is_compiling() or self.recorder.guard.off or self.recorder.in_backward:
            return
        while self.stack and self.stack.pop() is not module:
            pass
        if not self.stack:
            fact = self.open[0] if self.open else None
            self.open = []
            self.recorder.guard.run(self._leave, module, output, fact)
        elif self.recorder.watching and _is_busy(module):
            self.recorder.guard.run(self._leave_child, module, args, output)

    def _parameter_made(self, module: nn.Module, name: str, parameter: Any) -> None:
        if isinstance(parameter, Tensor):
            self.recorder.guard.run(self._made, parameter, name)

    def _module_made(self, module: nn.Module, name: str, child: Any) -> None:
        if isinstance(child, nn.Module):
            self.recorder.guard.run(self._made, child, name)

    def _made(self, thing: Any, name: str) -> None:
        site = here()
        if site is not None and len(self.record.made_at) < 20_000:
            self.record.made_at[id(thing)] = (name, site)

    # -- the top level ---------------------------------------------------------------------------------------

    def _root(self, module: nn.Module, site: Site | None) -> RootFact | None:
        key = self.by_module.get(module)
        if key is not None:
            return self.record.roots.get(key)
        if next(module.parameters(), None) is None or len(self.record.roots) >= MAX_ROOTS:
            return None
        if any(torch.nn.parameter.is_lazy(p) for p in module.parameters()):
            return None
        key = len(self.record.roots) + 1
        self.by_module[module] = key
        names = [n for n in names_of(user_frame(1), module) if n != "self"]
        root = RootFact(key, module, names[0] if names else type(module).__name__, site)
        root.members = {id(m) for m in module.modules()}
        self.record.roots[key] = root
        stepped = {id(p) for optimizer in self.record.optimizers.values() if optimizer.steps for p in optimizer.params}
        root.late = any(id(p) in stepped for p in module.parameters())
        with torch.no_grad():
            total = sum(p.numel() for p in module.parameters())
            if total < 5_000_000:
                held = {**dict(module.named_parameters()), **dict(module.named_buffers())}
                root.start = {n: t.detach().clone() for n, t in held.items() if is_plain(t)}
            named = [(name, p) for name, p in module.named_parameters() if p.ndim >= 2 and is_plain(p)]
            if root.start:
                root.wide = tuple(name for name, p in named if p.numel() > 1)
            else:
                root.spreads = {name: spread(p) for name, p in named if p.numel() > 1}
        return root

    def _enter(self, module: nn.Module, args: Any) -> ForwardFact | None:
        self.record.num_forwards += 1
        grad = torch.is_grad_enabled()
        if not (self.recorder.detailed or self.recorder.wants(grad, module.training)):
            return None
        frame = user_frame(1)
        site = None if frame is None else site_of(frame)
        root = self._root(module, site)
        if root is None or len(self.record.forwards) >= MAX_FORWARDS:
            return None
        root.forwards += 1
        if not grad:
            self.recorder.timeline.evaluated(module, root.key)
        active = self._active(root, module)
        fact = ForwardFact(
            self.record.num_forwards, root.key, site, self.record.steps, self.record.num_backwards,
            module.training, active, grad, False, loader=self.recorder.loader_now,
        )  # fmt: skip
        fact.text = site.text if site else ""
        self.record.forwards.append(fact)
        first = args[0] if args and isinstance(args[0], Tensor) else None
        if first is not None and is_plain(first):
            self._input(root, fact, first)
        if root.inputs is None and grad and module.training:
            root.inputs = self._capture(args)
        self.recorder.entering(fact)
        return fact

    def _active(self, root: RootFact, module: nn.Module) -> tuple[str, ...]:
        if root.forwards % 50 == 1 or root.moody is None:
            root.moody = [m for m in module.modules() if isinstance(m, MOODY)]
        return active_randomness(root.moody)

    def _input(self, root: RootFact, fact: ForwardFact, first: Tensor) -> None:
        source = self.outputs.get(first.untyped_storage().data_ptr())
        if source is not None and source.root != root.key:
            source.consumer = fact
            self.record.note("feeds", fact.site, pair=(source.root, root.key))
        fact.batch = first.shape[0] if first.ndim else 0
        fact.pointer = (first.data_ptr(), *first.shape)
        reading = self.recorder.reading_rows or not fact.grad
        wanted = reading and first.ndim and not first.requires_grad and not first.is_sparse
        if wanted and first.numel() * first.element_size() <= CAPTURE_BYTES:
            rows = first.reshape(first.shape[0], -1)
            fact.flat, fact.known = rows.clone() if rows.is_cpu else rows.cpu(), self.recorder.rich
            remember_head(fact.flat, self.recorder.rich)
        self.recorder.pairs.input_seen(fact, first)
        if fact.flat is not None and not self.recorder.pairs.keep(fact):
            fact.rows  # noqa: B018  (digests instead of the numbers)
            fact.flat = None

    def _capture(self, args: Any) -> tuple[Any, Any] | None:
        if len(args) == 1 and isinstance(args[0], Tensor) and is_plain(args[0]):
            one = args[0].detach()
            return ((one.clone(),), None) if one.numel() * one.element_size() <= CAPTURE_BYTES else None
        size = 0
        for leaf in pytree.tree_leaves(args):
            if isinstance(leaf, Tensor):
                if not is_plain(leaf):
                    return None
                size += leaf.numel() * leaf.element_size()
        if size > CAPTURE_BYTES:
            return None
        return pytree.tree_map(lambda t: t.detach().clone() if isinstance(t, Tensor) else t, args), None

    def _leave(self, module: nn.Module, output: Any, fact: ForwardFact | None) -> None:
        if fact is None:
            return
        tensors = tensors_in(output)
        if not tensors:
            fact.reached = True  # nothing that we can follow: never call it an evaluation
        for leaf in tensors[:4]:
            if not leaf.is_floating_point():
                continue
            if leaf.grad_fn is not None:
                fact.recorded = True
                leaf.register_hook(_marker(fact, self.recorder))
                if len(self.kept) < 3000:
                    self.kept.append((weakref.ref(leaf), fact))
            if len(self.outputs) > 64:
                self.outputs.clear()
            self.outputs[leaf.untyped_storage().data_ptr()] = fact
            self.recorder.tensors.remember_output(leaf, fact)
        root = self.record.roots[fact.root]
        if fact.grad and module.training and 1 < len(tensors) <= 4:
            self.recorder.tensors.give(tensors, root)
        if isinstance(output, Tensor):
            root.output = tuple(output.shape)
            if root.forwards < 50:
                root.seen[maker(output)[0]] += 1

    # -- below the top ---------------------------------------------------------------------------------------

    def _enter_child(self, module: nn.Module, args: Any) -> None:
        top = self.by_module.get(self.stack[0])
        if top is None:
            return
        root = self.record.roots[top]
        root.called.add(id(module))
        self.seen.add(id(module))
        if id(module) not in root.members and id(module) not in self.record.stray:
            root.members = {id(m) for m in self.stack[0].modules()}
            if id(module) not in root.members and not self._inside_stray():
                self.record.stray[id(module)] = (module, top)
        if isinstance(module, LINEAR) and args and isinstance(args[0], Tensor):
            self._linear_input(module, args[0], root)
        elif isinstance(module, nn.RNNBase) and args and isinstance(args[0], Tensor):
            self._sequence_input(module, args[0])

    def _inside_stray(self) -> bool:
        return any(id(m) in self.record.stray for m in self.stack[1:-1])

    def _linear_input(self, module: nn.Module, given: Tensor, root: RootFact) -> None:
        first = root.entry is None or root.first_layer is module
        if first and self.record.steps < 4 and is_plain(given) and given.numel() and given.grad_fn is None:
            data = given.detach()
            low, high = (end.item() for end in data.aminmax())
            old = root.entry or (low, high)
            root.entry, root.first_layer = (min(low, old[0]), max(high, old[1])), module
        known = self.produced.get(id(given))
        if known is not None and known[0]() is given and known[2] == version_of(given):
            before = known[1]
            if type(before) is type(module) and id(before) in root.members:
                place = here()
                if place is None or place.function != "forward":
                    place = self._line_of(module) or place
                self.record.note("linear-after-linear", place, before=before, after=module)
                if given.grad_fn is not None and self.record.walks < 2 and len(self.record.joints) < 64:
                    self.record.joints[given.grad_fn] = id(module)

    def _sequence_input(self, module: nn.RNNBase, given: Tensor) -> None:
        if given.ndim == 3:
            self.record.note(
                "rnn-input", self._line_of(module), first=given.shape[0], second=given.shape[1],
                batch_first=module.batch_first, batch=self.recorder.batch_now, kind=type(module).__name__,
            )  # fmt: skip

    def _line_of(self, module: nn.Module) -> Site | None:
        known = self.record.made_at.get(id(module))
        return known[1] if known else None

    def _leave_child(self, module: nn.Module, args: Any, output: Any) -> None:
        if not isinstance(output, Tensor):
            return
        if isinstance(module, LINEAR):
            if len(self.produced) > 512:
                self.produced.clear()
            self.produced[id(output)] = (weakref.ref(output), module, version_of(output))
        elif isinstance(module, _DropoutNd | nn.Identity) and args and id(args[0]) in self.produced:
            last = self.produced[id(args[0])]
            if last[0]() is args[0] and last[2] == version_of(args[0]) and output is not args[0]:
                self.produced[id(output)] = (weakref.ref(output), last[1], version_of(output))
        self._check_batchnorm(module, args)

    def _check_batchnorm(self, module: nn.Module, args: Any) -> None:
        if not isinstance(module, _BatchNorm) or not module.training or not module.track_running_stats:
            return
        if args and isinstance(args[0], Tensor) and args[0].ndim and torch.is_grad_enabled():
            kind = "unit-batch" if args[0].shape[0] == 1 else "norm-batch"
            self.record.note(kind, self._line_of(module), kind=type(module).__name__)
        if module.weight is not None and not module.weight.requires_grad:
            top = self.by_module.get(self.stack[0])
            self.record.note("frozen-norm-moves", self._line_of(module), module=module, root=top)


def _marker(fact: ForwardFact, hub: Hub) -> Any:
    def mark(gradient: Tensor) -> None:
        if fact.pointer[1:] in hub.asked_shapes:
            fact.asked = True  # the derivative by the input: an attack, a map of what counts
        else:
            fact.reached = True

    return mark

"""Forward and backward of one batch as a list of kernel calls, and that list as a Python function.

A training's update calls the same kernels with the same arguments every time; only tensors' contents differ. A
recorder below autograd writes the calls down once, those of the backward pass included. The tape made of them runs
them again without modules, graph building and the backward engine, which take longer than the kernels of a small
model. The kernels are the same and so is their order, and so is every bit. What cannot be run again like that (a number
that the host reads, a shape that depends on the data, a tensor that comes from nowhere) ends the recording.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from seedbed.batch import same_bits
from seedbed.eager import Watching

Key = tuple[Any, ...]
Replay = Callable[..., tuple[Tensor, ...]]
# what makes more calls or more memory spends its time in kernels, and all of it is kept while it is recorded
MOST_CALLS, MOST_BYTES = 5000, 16 << 20
RESIZING = {"set_", "resize_", "resize_as_", "_resize_output_"}
PLAIN = (Tensor, torch.nn.Parameter, torch.nn.Buffer)
INLINE = (int, float, bool, type(None))
# what a kernel is called by from Python: arguments are read, and the kernel is found, in less time than by its own name
BINDINGS: tuple[Any, ...] = (torch, Tensor, torch._C._nn)


class NotRecordedError(Exception):
    """Why an update cannot be recorded, as half a sentence."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A tensor of the tape, by its number."""

    number: int


@dataclass(slots=True)
class Call:
    """One kernel call: arguments with ``Slot`` for each tensor, and the slots of its results (None: not a tensor).

    ``replayed`` is what is called when it is made again.
    """

    kernel: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: list[int | None]
    several: bool
    reads: set[int] = field(default_factory=set)
    replayed: Callable[..., Any] | None = None


def place(tensor: Tensor) -> Key:
    """Where a tensor's elements lie and how: the same for two tensors that are the same elements in the same shape."""
    storage = tensor.untyped_storage().data_ptr()
    return storage, tensor.storage_offset(), tensor.shape, tensor.stride(), tensor.dtype


class Recorder(Watching):
    """Writes down every kernel call inside it.

    Args:
        batch: What changes from call to call.
        fixed: What stays where it is: weights, buffers, constants.
        kinds: Tensor types that are known to be nothing but their elements.
    """

    def __init__(self, batch: Sequence[Tensor], fixed: Sequence[Tensor], kinds: Sequence[type[Tensor]] = PLAIN) -> None:
        super().__init__()
        self.kinds = kinds
        self.calls: list[Call] = []
        self.bytes = 0
        self.numbers: dict[Key, int] = {}
        self.tensors: list[Tensor] = []  # kept, so that no address is used twice
        self.batch = [self.add(tensor) for tensor in batch]
        self.fixed = {self.add(tensor.detach()) for tensor in fixed}
        self.bytes = 0
        self.trouble: str | None = None
        if len(set(self.batch)) < len(batch) or self.fixed & set(self.batch):
            raise NotRecordedError("tensors of the batch share their memory")

    def add(self, tensor: Tensor) -> int:
        """The slot of a tensor, a new one if it has none."""
        if type(tensor) not in self.kinds or tensor.layout is not torch.strided or tensor.is_complex():
            raise NotRecordedError(f"a tensor is a {type(tensor).__name__} of {tensor.dtype} and {tensor.layout}")
        number = self.numbers.setdefault(place(tensor), len(self.tensors))
        if number == len(self.tensors):
            self.tensors.append(tensor)
            self.bytes += tensor.nbytes if tensor._base is None else 0
        return number

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Make the call, and write it down."""
        kwargs = dict(kwargs or {})
        with torch._C.DisableTorchFunctionSubclass():  # what a subclass shows to Python is of no interest down here
            if self.trouble is None:
                try:
                    call, result = self.record(func, args, kwargs)
                except NotRecordedError as error:  # the update goes on; only the recording has failed
                    self.stop(str(error))
                else:
                    return self.keep(call, result)
            return func(*args, **kwargs)

    def record(self, func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Call, Any]:
        """The call with its slots, and what it gives.

        Raises:
            NotRecordedError: It could not be made again; it was not made.
        """
        refuse_kernel(func, args)
        if func is torch.ops.aten.lift_fresh.default and place(args[0]) not in self.numbers:
            # a tensor made of Python's numbers, which are constants of the code
            constant = args[0].clone()
            self.fixed.add(self.add(constant))
            func, args = torch.ops.aten.clone.default, (constant,)
        reads: set[int] = set()
        call = Call(func, tuple(self.name(a, reads) for a in args), {}, [], False, reads)
        call.kwargs = {key: self.name(value, reads) for key, value in kwargs.items()}
        written = func._schema.is_mutable
        if written and any(isinstance(a, Slot) and a.number in self.batch for a in call.args[:1]):
            raise NotRecordedError("the batch is written to")
        if len(self.calls) >= MOST_CALLS or self.bytes > MOST_BYTES:
            raise NotRecordedError("it is large, and would not be faster")
        result = func(*args, **kwargs)
        call.replayed = shortest_way(func, args, kwargs, result)
        return call, result

    def keep(self, call: Call, result: Any) -> Any:
        """Give the results their slots; leave out what only looks at a tensor that is there already."""
        results = result if isinstance(result, tuple | list) else (result,)
        known = len(self.tensors)
        try:
            call.results = [self.add(r) if isinstance(r, Tensor) else None for r in results]
        except NotRecordedError as error:
            self.stop(str(error))
            return result
        call.several = isinstance(result, tuple | list)
        mutable = call.kernel._schema.is_mutable  # type: ignore[attr-defined]
        if not mutable and all(number is not None and number < known for number in call.results):
            return result
        if not mutable and is_view(call.kernel) and call.reads <= self.fixed:
            self.fixed |= {number for number in call.results if number is not None}
            return result
        self.calls.append(call)
        return result

    def stop(self, reason: str) -> None:
        """End the recording, and let go of what it kept."""
        self.trouble = reason
        self.tensors, self.numbers, self.calls = [], {}, []

    def name(self, value: Any, reads: set[int]) -> Any:
        """An argument with its tensors named by slot."""
        if isinstance(value, Tensor):
            number = self.numbers.get(place(value)) if value.layout is torch.strided else None
            if number is None:
                raise NotRecordedError("it reads a tensor that is neither of the batch nor a weight or buffer")
            reads.add(number)
            return Slot(number)
        if isinstance(value, tuple | list) and any(isinstance(item, Tensor) for item in value):
            return [self.name(item, reads) for item in value]
        return value

    def slot_of(self, tensor: Tensor) -> int:
        """The slot of a tensor that the calls gave.

        Raises:
            NotRecordedError: They did not.
        """
        number = self.numbers.get(place(tensor)) if tensor.layout is torch.strided else None
        if number is None:
            raise NotRecordedError("its results are not what its kernels gave")
        return number

    def finish(self, wanted: Sequence[Tensor]) -> Replay:
        """The function of the batch's tensors that gives ``wanted`` anew.

        Raises:
            NotRecordedError: A call could not be recorded.
        """
        if self.trouble is not None:
            raise NotRecordedError(self.trouble)
        with torch._C.DisableTorchFunctionSubclass():
            results = [self.slot_of(tensor) for tensor in wanted]
            memory = [tensor.untyped_storage().data_ptr() for tensor in self.tensors]
            layouts = [(tensor.shape, tensor.stride(), tensor.dtype) for tensor in self.tensors]
        outside = {memory[number] for number in (*self.fixed, *self.batch)}
        calls, results = without_copies(self.calls, results, memory, layouts, outside)
        return make_function(
            without_unused(calls, results), self.batch, results, {n: self.tensors[n] for n in self.fixed}
        )


def refuse_kernel(func: Any, args: Sequence[Any]) -> None:
    """Refuse a kernel whose result tells the host something, or whose shape depends on the data."""
    name = func._schema.name.rpartition("::")[2]
    if torch.Tag.data_dependent_output in func.tags or name in {"_local_scalar_dense", "is_nonzero", "item"}:
        raise NotRecordedError("the host reads a number of the update")
    by_number = name in {"index", "index_put", "index_put_", "_unsafe_index", "_index_put_impl_"} and not any(
        isinstance(index, Tensor) and index.dtype in (torch.bool, torch.uint8) for index in args[1]
    )
    if torch.Tag.dynamic_output_shape in func.tags and not by_number:
        raise NotRecordedError(f"the shape that {name} gives depends on the data")
    if name in RESIZING:
        raise NotRecordedError(f"{name} changes a tensor's memory")


def shortest_way(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> Callable[..., Any]:
    """What makes a kernel's call with the least around it: a binding of its name that gives the very same, or itself.

    Args:
        func: The kernel.
        args: Of a call.
        kwargs: Of the same call.
        result: What that call gave.
    """
    directly: Callable[..., Any] = getattr(func, "_op", func)
    if func._schema.is_mutable or torch.Tag.nondeterministic_seeded in func.tags:
        return directly  # to try it would change something
    view, name = is_view(func), func._schema.name.rpartition("::")[2]
    if not view:  # some write to their arguments without saying so
        args, kwargs = [copied(value) for value in args], {key: copied(value) for key, value in kwargs.items()}
    for binding in (getattr(place, name, None) for place in BINDINGS):
        if binding is None:
            continue
        with suppress(Exception):  # whatever it raises: it does not take these arguments
            if is_same(binding(*args, **kwargs), result, view=view):
                return binding  # type: ignore[no-any-return]
    return directly


def copied(value: Any) -> Any:
    """An argument whose tensors nobody else has."""
    if isinstance(value, Tensor):
        return value.clone()
    return [copied(item) for item in value] if isinstance(value, list | tuple) else value


def is_same(found: Any, expected: Any, *, view: bool) -> bool:
    """Whether two results of a kernel are the same: the same bits, and of views the same memory."""
    if isinstance(expected, tuple | list):
        same_kind = isinstance(found, tuple | list) and len(found) == len(expected)
        return same_kind and all(is_same(a, b, view=view) for a, b in zip(found, expected, strict=True))
    if type(found) is not Tensor or type(expected) is not Tensor or expected.layout is not torch.strided:
        return found is None and expected is None
    return same_bits(found, expected) and (place(found) == place(expected)) == view


def is_view(kernel: Any) -> bool:
    """Whether a kernel only looks at its argument's memory."""
    returned = kernel._schema.returns
    return bool(returned) and all(r.alias_info is not None and not r.alias_info.is_write for r in returned)


def without_copies(
    calls: Sequence[Call], results: Sequence[int], memory: Sequence[int], layouts: Sequence[Any], outside: set[int]
) -> tuple[list[Call], list[int]]:
    """The tape without copies of what nobody else uses, which is how the engine hands a view to ``.grad``.

    Such a copy is two calls, new memory of the same layout and ``copy_`` into it. It is left out where nothing reads
    or returns the copied memory any more.

    Args:
        calls: In order.
        results: Slots of what is returned.
        memory: For each slot where its elements begin.
        layouts: For each slot its shape, strides and type.
        outside: Memory that is not the tape's own.
    """
    read_later = {memory[number] for number in results}
    kept: list[Call] = []
    same: dict[int, int] = {}
    for place in reversed(range(len(calls))):
        call, maker = calls[place], calls[place - 1] if place else None
        name = kernel_name(call)
        if name == "copy_" and maker is not None and kernel_name(maker) == "new_empty_strided" and len(call.args) == 2:
            target, source = (getattr(value, "number", -1) for value in call.args)
            alone = target >= 0 and source >= 0 and memory[source] not in read_later | outside
            first = target not in same.values()  # a copy of a copy keeps one of the two
            if alone and first and maker.results == [target] and layouts[target] == layouts[source]:
                same[target] = source
                read_later.add(memory[source])
                continue
        if kept_out(call, same):
            continue
        kept.append(call)
        read_later |= {memory[number] for number in call.reads}
    kept.reverse()
    return [renamed(call, same) for call in kept], [same.get(number, number) for number in results]


def kept_out(call: Call, same: Mapping[int, int]) -> bool:
    """Whether a call makes the memory for a copy that was left out."""
    return kernel_name(call) == "new_empty_strided" and any(number in same for number in call.results)


def renamed(call: Call, same: Mapping[int, int]) -> Call:
    """A call with other slots for some."""
    if not call.reads & same.keys():
        return call

    def swap(value: Any) -> Any:
        if isinstance(value, Slot):
            return Slot(same.get(value.number, value.number))
        return [swap(item) for item in value] if type(value) is list else value

    kwargs = {key: swap(value) for key, value in call.kwargs.items()}
    reads = {same.get(number, number) for number in call.reads}
    return replace(call, args=tuple(map(swap, call.args)), kwargs=kwargs, reads=reads)


def without_unused(calls: Sequence[Call], results: Sequence[int]) -> list[Call]:
    """The tape without views that nobody looks at."""
    needed, kept = set(results), list[Call]()
    for call in reversed(calls):
        if is_view(call.kernel) and needed.isdisjoint(number for number in call.results if number is not None):
            continue
        needed |= call.reads
        kept.append(call)
    kept.reverse()
    return kept


def kernel_name(call: Call) -> str:
    """The name of a kernel without its namespace and its overload."""
    name: str = call.kernel._schema.name  # type: ignore[attr-defined]
    return name.rpartition("::")[2]


def make_function(
    calls: Sequence[Call], batch: Sequence[int], results: Sequence[int], fixed: Mapping[int, Tensor]
) -> Replay:
    """The tape as a Python function, one line a call; a tensor is let go after its last use.

    Args:
        calls: In order.
        batch: Slots of the arguments.
        results: Slots of what is returned.
        fixed: Tensors that stay where they are.
    """
    names: dict[str, Any] = {f"t{number}": tensor for number, tensor in fixed.items()}
    last: dict[int, int] = {}
    for line, call in enumerate(calls):
        last |= dict.fromkeys(call.reads, line)
        last |= {number: line for number in call.results if number is not None and number not in fixed}
    last |= dict.fromkeys([*results, *fixed], len(calls))
    lines = [f"def replay({', '.join(f't{number}' for number in batch)}):"]
    for line, call in enumerate(calls):
        names[f"k{line}"] = call.replayed or call.kernel
        values = [text_of(value, names) for value in call.args]
        values += [f"{key}={text_of(value, names)}" for key, value in call.kwargs.items()]
        targets = ", ".join("_" if number is None or number in fixed else f"t{number}" for number in call.results)
        left = "" if not targets or set(targets) <= set("_, ") else f"{targets}{',' if call.several else ''} = "
        lines.append(f"    {left}k{line}({', '.join(values)})")
        done = sorted(number for number, at in last.items() if at == line)
        if done:
            lines.append(f"    del {', '.join(f't{number}' for number in done)}")
    lines.append(f"    return {', '.join(f't{number}' for number in results)},")
    exec(compile("\n".join(lines), "<recorded update>", "exec"), names)
    return names["replay"]  # type: ignore[no-any-return]


def text_of(value: Any, names: dict[str, Any]) -> str:
    """A value as an expression; what has none gets a name."""
    if isinstance(value, Slot):
        return f"t{value.number}"
    if type(value) is list and any(isinstance(item, Slot | list) for item in value):
        return f"[{', '.join(text_of(item, names) for item in value)}]"
    if type(value) in INLINE and value == value and value not in (float("inf"), float("-inf")):
        return repr(value)
    name = f"c{len(names)}"
    names[name] = value
    return name

"""The recorder: puts all the watches in place, decides how closely to look, and takes everything away again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from seedbed.doctor.observe import copies, exports, loaders, losses, randomness, step_hooks, values
from seedbed.doctor.observe.copies import CopyWatch
from seedbed.doctor.observe.facts import ForwardFact
from seedbed.doctor.observe.hub import Hub
from seedbed.doctor.observe.loaders import LoaderWatch
from seedbed.doctor.observe.losses import LossWatch
from seedbed.doctor.observe.modules import FAST_PATH, ModuleWatch
from seedbed.doctor.observe.pairs import PairWatch
from seedbed.doctor.observe.patches import StopObservingError
from seedbed.doctor.observe.randomness import RandomWatch
from seedbed.doctor.observe.sentry import Sentry
from seedbed.doctor.observe.steps import StepLedger
from seedbed.doctor.observe.tensors import TensorWatch

MODE_STEPS = 3
CHILD_STEPS = 6
CLOSE_STEPS = 12
SAMPLED = 5
EVAL_FORWARDS = 300
ALIVE_AT = frozenset({6, 10, 20, 50})


class Recorder(Hub):
    """Watches the process that it is installed in.

    Args:
        detail_steps: Optimizer steps that are watched closely; afterwards only evaluations are.
        full: Watch closely to the end.
        stop_after: Seconds after which the script is ended, ``None`` for never.
    """

    def __init__(self, detail_steps: int = 300, full: bool = False, stop_after: float | None = None) -> None:
        super().__init__()
        self.detail_steps = detail_steps
        self.full = full
        self.deadline = None if stop_after is None else time.monotonic() + stop_after
        self.installed = False
        self.paused = False
        self.pairs: PairWatch = PairWatch(self)
        self.ledger = StepLedger(self)
        self.modules: ModuleWatch = ModuleWatch(self)
        self.loss_watch = LossWatch(self)
        self.tensors: TensorWatch = TensorWatch(self)
        self.loaders = LoaderWatch(self)
        self.copies = CopyWatch(self)
        self.random = RandomWatch(self)
        self.sentry = Sentry(self)
        self._handles: list[Any] = []

    def install(self) -> None:
        """Start to watch."""
        from torch.optim import optimizer as optim

        step_hooks.install(self.ledger, self.patches)
        losses.install(self.loss_watch, self.patches)
        loaders.install(self.loaders, self.patches)
        copies.install(self.copies, self.patches)
        exports.install(self.exports, self.guard, self.patches)
        randomness.install(self.random, self.patches)
        values.install(self, self.patches)
        self._leave_scripting_alone()
        self.modules.install()
        self._handles = [
            optim.register_optimizer_step_pre_hook(lambda o, a, k: self._before_step(o, a, k)),
            optim.register_optimizer_step_post_hook(lambda o, a, k: self._after_step(o, a, k)),
        ]
        self.tensors.switch(True)
        self.installed = True

    def remove(self) -> None:
        """Stop to watch and put everything back."""
        self.guard.off = True
        self.tensors.remove()
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self.modules.remove()
        self.patches.undo()
        self.installed = False

    def _leave_scripting_alone(self) -> None:
        """TorchScript and exports read functions by identity and trace what hooks do: they must find the originals."""

        def aside(frames: int) -> Callable[[Any], Any]:
            def make(original: Any) -> Any:
                def call(*args: Any, **kwargs: Any) -> Any:
                    if frames:
                        kwargs["_frames_up"] = kwargs.get("_frames_up", 0) + frames  # where its names are looked up
                    with self._aside():
                        return original(*args, **kwargs)

                return call

            return make

        self.patches.replace(torch.jit, "script", aside(frames=1))
        for name in ("trace", "trace_module"):
            self.patches.replace(torch.jit, name, aside(frames=0))
        self.patches.replace(torch.export, "export", aside(frames=0))
        if "torch.onnx" in sys.modules:
            self.patches.replace(torch.onnx, "export", aside(frames=0))

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Look at nothing for a while, with every function and hook as the script knows it."""
        paused, listening = self.tensors.pause(), bool(self.modules.calls)
        if listening:
            self.modules.ignore()
        try:
            with self.patches.suspended():
                yield
        finally:
            if listening:
                self.modules.listen()
            if paused:
                self.tensors.switch(True)

    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        self.guard.run(self.ledger.before_step, optimizer, args, kwargs)
        own = not type(optimizer).__module__.startswith("torch.")
        if len(args) < 2 and not kwargs.get("closure") and not own:
            self.paused = self.tensors.pause()

    def _after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if not self.detailed:
            return self._counted(optimizer)
        if self.paused:
            self.paused = False
            self.tensors.switch(True)
        self.guard.run(self.ledger.after_step, optimizer, args, kwargs)
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise StopObservingError

    def stepped(self) -> None:
        """Look less closely once enough steps were seen; called after every optimizer step."""
        done = self.record.steps
        enough = min(CLOSE_STEPS, 4 * len(self.record.optimizers))  # each optimizer in four steps of its own
        self.close = done < max(enough, self.fresh) or done % SAMPLED == 0 or self.full
        self.closing = (done + 1) % SAMPLED == 0
        if done <= 40 or done % 25 == 0:
            self.copies.follow()
        if done in ALIVE_AT:
            self._count_kept(done)
        if done == MODE_STEPS or (done > MODE_STEPS and self.tensors.mode is not None):
            self.tensors.switch(False)
        if done >= CHILD_STEPS:
            self.watching = False
        if done >= self.detail_steps and not self.full and self.detailed:
            self._retire()

    def _retire(self) -> None:
        """Take off all that is called in every step but the count of the steps; a sentry waits for evaluations."""
        self.detailed = self.reading_rows = False
        self.patches.cool()
        self.modules.ignore()
        self.sentry.install()
        self._handles[0].remove()  # the one after the step stays: it is running just now

    def _counted(self, optimizer: Any) -> None:
        """Count a step that nobody looked at."""
        if not self.guard.off:
            self.ledger.counted(optimizer)
        self.sentry.sleep()
        if self.record.steps % 25 == 0:
            self.guard.run(self.copies.follow)
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise StopObservingError

    def expects(self) -> bool:
        """Say whether another evaluation is still worth a look."""
        return self.eval_forwards <= EVAL_FORWARDS

    def _count_kept(self, done: int) -> None:
        """Count losses and outputs of past steps that the script still holds with their graphs."""
        losses = [fact for ref, fact in self.ledger.losses if (t := ref()) is not None and t.grad_fn is not None]
        self.record.alive.append(("loss", done, len(losses), losses[0].site if losses else None))
        kept = [fact for ref, fact in self.modules.kept if fact.reached and (t := ref()) is not None and t.grad_fn]
        steps = len({fact.step for fact in kept})
        self.record.alive.append(("output", done, steps, kept[0].site if kept else None))

    def wants(self, grad: bool, training: bool) -> bool:
        """Say whether a forward pass that looks like an evaluation is still worth a look."""
        if grad and training:
            self.sentry.sleep()
            return False
        self.sentry.fruitless = 0
        self.eval_forwards += 1
        return self.eval_forwards <= EVAL_FORWARDS

    def entering(self, fact: ForwardFact) -> None:
        """A module is called at the top level: remember its input, and watch the operations of evaluations."""
        top = self.modules.stack[0]
        fast = any(isinstance(m, FAST_PATH) for m in top.modules()) if not top.training else False
        if fast:
            self.tensors.switch(False)
        elif not fact.grad and self.eval_forwards <= 40:
            self.eval_forwards += self.detailed
            self.tensors.switch(True)

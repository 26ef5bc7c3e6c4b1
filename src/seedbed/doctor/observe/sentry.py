"""After the steps that are watched closely: nothing listens, until something looks like the start of an evaluation."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from seedbed.doctor.observe.site import is_user_file

if TYPE_CHECKING:
    from seedbed.doctor.observe.recorder import Recorder

FRUITLESS = 100
_DECORATOR = torch.no_grad.__call__.__code__.co_filename  # the file in which ``@torch.no_grad()`` calls its function
_FORWARD = nn.Module._call_impl.__code__


class Sentry:
    """Puts the module hooks on when gradients or the training mode are switched off, and takes them off again.

    Args:
        recorder: The recorder that no longer watches every step.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.awake = False
        self.fruitless = 0

    def install(self) -> None:
        """Wrap what an evaluation begins with."""
        patches = self.recorder.patches

        def train(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(module: Any, mode: bool = True) -> Any:
                if not mode and not self.awake:
                    self.wake()
                return original(module, mode)

            return call

        def enter(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(context: Any) -> Any:
                if not self.awake and self.fruitless < FRUITLESS and _is_users(sys._getframe(1)):
                    self.wake()
                return original(context)

            return call

        def choose(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(context: Any, mode: bool) -> None:
                if not mode and not self.awake and self.fruitless < FRUITLESS and _is_users(sys._getframe(1)):
                    self.wake()
                original(context, mode)

            return call

        patches.replace(nn.Module, "train", train)
        patches.replace(torch.no_grad, "__enter__", enter)
        patches.replace(torch.inference_mode, "__enter__", enter)
        patches.replace(torch.set_grad_enabled, "__init__", choose)

    def wake(self) -> None:
        """Listen to the calls of modules again."""
        if not self.recorder.guard.off and self.recorder.expects():
            self.awake = True
            self.fruitless += 1
            self.recorder.modules.listen()

    def sleep(self) -> None:
        """A training pass has begun: nothing more to see."""
        if self.awake:
            self.awake = False
            self.recorder.modules.ignore()
            self.recorder.tensors.switch(False)


def _is_users(frame: FrameType | None) -> bool:
    """Say whether a context is entered by the script itself, outside every module's forward pass."""
    if frame is not None and frame.f_code.co_filename == _DECORATOR:
        frame = frame.f_back
    if frame is None or not is_user_file(frame.f_code.co_filename):
        return False
    while frame is not None:
        if frame.f_code is _FORWARD:
            return False
        frame = frame.f_back
    return True

"""PyTorch's own warnings, explained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.probes.view import Run, report

# (part of the warning, code, what it means here, what to do)
KNOWN = (
    ("Detected call of `lr_scheduler.step()` before `optimizer.step()`", "SB113",
     "scheduler.step() runs before optimizer.step(): the first learning rate is skipped",
     "Call optimizer.step() first, then scheduler.step()."),
    ("Using a target size", "SB210", "shapes broadcast in the loss: input and target have different sizes",
     "Give both the same shape."),
    ("Implicit dimension choice for", "SB208", "softmax is called without dim: PyTorch guesses the axis",
     "Pass dim=-1."),
    ("dropout option adds dropout after all but last recurrent layer", "SB511",
     "dropout in a one-layer recurrent network has no effect", "Use num_layers >= 2, or nn.Dropout after it."),
    ("The .grad attribute of a Tensor that is not a leaf Tensor", "SB710",
     ".grad of a tensor that is not a leaf is read: it is always None", "Read .grad of a leaf, or call retain_grad()."),
    ("None of the inputs have requires_grad=True", "SB128",
     "gradient checkpointing cuts the graph: none of its inputs needs a gradient, so its layers get none",
     "Pass use_reentrant=False."),
    ("To copy construct from a tensor", "SB713", "torch.tensor(tensor) copies and cuts the graph",
     "Use tensor.clone() (or .detach().clone())."),
    ("reduction: 'mean' divides the total loss by both the batch size and the support size", "SB207",
     "kl_div with reduction='mean' is not the KL divergence", "Use reduction='batchmean'."),
)  # fmt: skip


def probe(run: Run) -> Iterator[Finding]:
    """Report warnings that name a training mistake."""
    for note in run.record.noted("warning"):
        for part, code, meaning, fix in KNOWN:
            if part in note.first["text"]:
                if code == "SB713" and "sourceTensor" in note.first["text"] and not _in_forward(run, note.site):
                    continue
                more: dict[str, Any] = (
                    {"severity": Severity.HINT} if code == "SB208" and not _of_three_axes(run) else {}
                )
                yield report(code, f"{meaning} (PyTorch: {note.first['text'][:160]})", note.site, fix, **more)


def _of_three_axes(run: Run) -> bool:
    """Say whether the axis was guessed for a tensor of three axes: of two it is that of the classes, as is meant."""
    return any(True for _ in run.record.noted("softmax-first-axis"))


def _in_forward(run: Run, site: object) -> bool:
    return getattr(site, "function", "") == "forward"

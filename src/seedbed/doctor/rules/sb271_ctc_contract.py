"""CTCLoss gets raw scores or probabilities instead of log-probabilities.

## What it does

Finds `CTCLoss` whose first argument is not the output of `log_softmax`, or whose log-softmax is taken over another
axis than the classes.

## Why is this bad

The loss adds log-probabilities along the alignments and does not normalise. Raw scores can be made ever larger,
so the loss falls without end and the transcripts do not get better.

## Example

```python
model = nn.Linear(16, 28)
ctc = nn.CTCLoss()
optimizer = torch.optim.Adam(model.parameters())
for x, y, x_len, y_len in loader:
    optimizer.zero_grad()
    ctc(model(x).transpose(0, 1), y, x_len, y_len).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(16, 28)
ctc = nn.CTCLoss()
optimizer = torch.optim.Adam(model.parameters())
for x, y, x_len, y_len in loader:
    optimizer.zero_grad()
    log_probs = model(x).log_softmax(dim=-1)
    ctc(log_probs.transpose(0, 1), y, x_len, y_len).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name != "CTCLoss" or not event.args:
            continue
        for made in training.loss_origins(event.arg(0, "log_probs")):
            if made.kind == "tensor" and (made.name in training.PROBABILITY or made.name in training.LOGIT_OPS):
                what = "probabilities (softmax)" if made.name in training.PROBABILITY else "raw logits"
                yield p.report(
                    "SB271",
                    event,
                    f"CTCLoss gets {what} instead of log-probabilities: log_softmax is missing",
                    why="it adds up log-probabilities and does not normalise, so the loss can fall without end",
                    fix="Use scores.log_softmax(dim=-1) for the first argument of CTCLoss",
                    related=(q.place(made),),
                )
                break

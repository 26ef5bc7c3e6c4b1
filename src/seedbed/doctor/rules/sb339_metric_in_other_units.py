"""Predictions in scaled units are measured against targets in raw units.

## What it does

Finds regressions that are trained on standardised, divided or logarithmic targets and whose evaluation compares the
untouched predictions with raw targets; also predictions that are transformed back with the scaler of the inputs.

## Why is this bad

The error measures the difference of units, not of the model: it hardly changes with training, and R² is far below
zero.

## Example

```python
y = torch.rand(100) * 50 + 200
x = torch.randn(100, 4)
x_train, y_train, x_test, y_test = x[:80], y[:80], x[80:], y[80:]
model = nn.Linear(4, 1)
optimizer = torch.optim.Adam(model.parameters())
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model(x_train).squeeze(1), torch.log1p(y_train)).backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    rmse = F.mse_loss(model(x_test).squeeze(1), y_test).sqrt()
```

## Use instead

```python
y = torch.rand(100) * 50 + 200
x = torch.randn(100, 4)
x_train, y_train, x_test, y_test = x[:80], y[:80], x[80:], y[80:]
model = nn.Linear(4, 1)
optimizer = torch.optim.Adam(model.parameters())
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model(x_train).squeeze(1), torch.log1p(y_train)).backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    rmse = F.mse_loss(torch.expm1(model(x_test).squeeze(1)), y_test).sqrt()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import units
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    trained = list(units.trained_pairs(p))
    seen: set[int] = set()
    for event, guess, truth in units.measured_pairs(p) if trained else ():
        layer = units.output_layer(guess)
        if id(event.node) in seen or layer is None:
            continue
        for own, goal in trained:
            if own is not layer:
                continue
            scaled = units.change(goal)
            still = units.change(truth)
            if scaled is not None and still is not None and units.brought_back(guess, still):
                seen.add(id(event.node))
                yield p.report(
                    "SB339",
                    event,
                    "the predictions are scaled back to raw units, but the targets that they are compared with are "
                    f"still scaled ({still.name}): the error mixes two units",
                    why="predictions and targets are in different units, so the error says nothing about the model",
                    fix="Scale the targets back too (inverse_transform, * std + mean, exp), or neither of them",
                    related=(q.place(still),),
                )
                break
            if scaled is None or units.change(truth) is not None or units.change_of_output(guess):
                continue
            if not units.kin(goal, truth) or not units.raw(goal, truth):
                continue
            seen.add(id(event.node))
            yield p.report(
                "SB339",
                event,
                f"the model is trained on scaled targets ({scaled.name}), but measured against targets in raw units",
                why="predictions and targets are in different units, so the error says nothing about the model",
                fix="Transform the predictions back first (inverse_transform, * std + mean, exp), or scale both",
                related=(q.place(scaled),),
            )
            break
    for event in p.once("transform"):
        if event.name != "inverse_transform" or event.recv is None or not event.args or not f.from_model(event.args[0]):
            continue
        if units.fits_inputs(p, event.recv) and not units.fits_inputs_too(event.args[0]):
            yield p.report(
                "SB339",
                event,
                "predictions are transformed back with the scaler of the inputs, not with that of the targets",
                why="mean and deviation of another quantity are applied, so the figures are in wrong units",
                fix="Use the scaler that was fitted on the training targets",
            )

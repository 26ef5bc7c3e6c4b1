"""Updates are too large or too small for the weights.

## What it does

Looks at the size of logged updates in proportion to the weights (known where tracking.gradients is set).

## Why is this bad

About 1e-3 is healthy. Above 0.1 an update overwrites what was learned, below 1e-6 it changes nothing.

## Example

```json
{"optimizer": {"args": {"lr": 1e-8}}, "tracking": {"gradients": true, "log_every": 10}}
```

## Use instead

```json
{"optimizer": {"args": {"lr": 1e-3}}, "tracking": {"gradients": true, "log_every": 10}}
```
"""

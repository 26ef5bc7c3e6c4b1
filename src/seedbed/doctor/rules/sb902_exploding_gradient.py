"""The gradient explodes.

## What it does

Compares the gradient norm (known where trainer.clip_norm is set) with its usual size.

## Why is this bad

Updates of that size undo what was learned.

## Example

```json
{"optimizer": {"args": {"lr": 3.0}}, "trainer": {"clip_norm": 1000}}
```

## Use instead

```json
{"optimizer": {"args": {"lr": 0.003}}, "trainer": {"clip_norm": 1}}
```
"""

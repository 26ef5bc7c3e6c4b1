"""The validation loss rises while the training loss falls.

## What it does

Looks for five evaluations in a row, each worse than the one before, while the training loss falls.

## Why is this bad

The model learns its training samples by heart. The best checkpoint is kept, but the rest of the run is
wasted.

## Example

```json
{"data": {"args": {"limit": 60, "batch_size": 30}}, "trainer": {"epochs": 60}}
```

## Use instead

```json
{"data": {"args": {"limit": 60, "batch_size": 30}}, "trainer": {"epochs": 60, "early_stop": 3}}
```
"""

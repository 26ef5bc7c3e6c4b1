"""One update needs more batches than an epoch has.

## What it does

Compares trainer.accumulate with the batches of an epoch.

## Why is this bad

The window ends with the epoch, so every update is made of fewer samples than was asked for.

## Example

```json
{"trainer": {"accumulate": 500}}
```

## Use instead

```json
{"trainer": {"accumulate": 2}}
```
"""

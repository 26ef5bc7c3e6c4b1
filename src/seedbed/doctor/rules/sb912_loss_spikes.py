"""The loss jumps again and again.

## What it does

Counts losses that lie eight usual deviations above the usual loss.

## Why is this bad

Single batches throw the weights far off; often a few damaged samples, or a rate that is slightly too high.

## Example

```json
{"trainer": {"clip_norm": null}, "optimizer": {"type": "SGD", "args": {"lr": 2.0}}}
```

## Use instead

```json
{"trainer": {"clip_norm": 1.0}, "optimizer": {"type": "SGD", "args": {"lr": 0.1}}}
```
"""

"""The warm-up is longer than the run.

## What it does

Computes the schedule's factor over the whole run and looks where its peak is.

## Why is this bad

The learning rate is still rising when the training ends, so most of the run uses a fraction of the rate that
was set.

## Example

```json
{"lr_scheduler": {"type": "cosine", "args": {"warmup_steps": 5000}}, "trainer": {"epochs": 2}}
```

## Use instead

```json
{"lr_scheduler": {"type": "cosine", "args": {"warmup_steps": 4}}, "trainer": {"epochs": 2}}
```
"""

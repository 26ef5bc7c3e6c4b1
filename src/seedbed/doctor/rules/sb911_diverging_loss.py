"""The loss has risen far above its best and stays there.

## What it does

Follows a running mean of the loss: three times its best, and above where it began, for fifty updates.

## Why is this bad

The training has left the region where it learned. It rarely comes back.

## Example

```json
{
  "optimizer": {"args": {"lr": 2.0}},
  "lr_scheduler": {"type": "constant", "args": {"warmup_steps": 200}}
}
```

## Use instead

```json
{
  "optimizer": {"args": {"lr": 0.002}},
  "lr_scheduler": {"type": "constant", "args": {"warmup_steps": 200}}
}
```
"""

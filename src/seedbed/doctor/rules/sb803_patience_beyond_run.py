"""The patience is longer than the run.

## What it does

Compares the patience of a plateau schedule or an early stop with the number of evaluations in the run.

## Why is this bad

It can never take effect: the rate stays where it is, and the run never stops early.

## Example

```json
{"lr_scheduler": {"type": "plateau", "args": {"patience": 20}}, "trainer": {"epochs": 5}}
```

## Use instead

```json
{"lr_scheduler": {"type": "plateau", "args": {"patience": 1}}, "trainer": {"epochs": 5}}
```
"""

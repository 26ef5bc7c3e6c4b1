"""Nothing is saved before the end of the run.

## What it does

Compares the intervals of checkpoints with the length of the run.

## Why is this bad

A crash in the last minute loses everything.

## Example

```json
{"checkpoint": {"every_epochs": 100}, "trainer": {"epochs": 5, "monitor": "off"}}
```

## Use instead

```json
{"checkpoint": {"every_epochs": 1}, "trainer": {"epochs": 5, "monitor": "off"}}
```
"""

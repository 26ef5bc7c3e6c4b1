"""The evaluation interval is longer than the run.

## What it does

Counts the evaluations of the run.

## Why is this bad

With one evaluation at the end there is nothing to choose the best weights from, and no early stop.

## Example

```json
{"evaluate": {"every_epochs": 50}, "trainer": {"epochs": 5}}
```

## Use instead

```json
{"evaluate": {"every_epochs": 1}, "trainer": {"epochs": 5}}
```
"""

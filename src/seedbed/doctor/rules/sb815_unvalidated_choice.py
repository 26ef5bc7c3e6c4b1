"""The best weights are chosen by the training loss.

## What it does

Looks for an early stop, or a best checkpoint, in a run without validation data.

## Why is this bad

The training loss goes on falling while the model learns its samples by heart. It cannot say when to stop.

## Example

```json
{"data": {"args": {"val": null}}, "trainer": {"early_stop": 3}}
```

## Use instead

```json
{"data": {"args": {"val": 0.2}}, "trainer": {"early_stop": 1}}
```
"""

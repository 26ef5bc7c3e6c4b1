"""Mirrored digits or letters are not what their label says.

## What it does

Looks for horizontal_flip on data sets of written characters.

## Why is this bad

A mirrored 2 or b is no 2 or b, but keeps its label: the model learns that both are right.

## Example

```json
{
  "data": {"args": {"flatten": false, "transforms": ["horizontal_flip"]}},
  "model": {"type": "ResNet", "args": {"in_channels": 1, "num_classes": 10, "depth": 8, "width": 4}}
}
```

## Use instead

```json
{
  "data": {"args": {"flatten": false, "transforms": ["random_shift"]}},
  "model": {"type": "ResNet", "args": {"in_channels": 1, "num_classes": 10, "depth": 8, "width": 4}}
}
```
"""

"""Rare classes are favoured twice: by the sampler and in the loss.

## What it does

Looks for a balancing sampler together with class weights.

## Why is this bad

Each alone makes up for rare classes. Both together make them count more than the frequent ones, so they are
predicted too often.

## Example

```json
{
  "data": {"args": {"sampler": "class_balanced"}},
  "objective": {"args": {"class_weights": [1, 1, 1, 1, 1, 1, 1, 1, 1, 9]}}
}
```

## Use instead

```json
{"data": {"args": {"sampler": "class_balanced"}}}
```
"""

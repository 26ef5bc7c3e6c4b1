"""The loss does not move.

## What it does

Compares an epoch's mean loss with that of the first updates, and with a guess.

## Why is this bad

Nothing has been learned: the rate is far too small or too large, labels don't belong to their inputs, or
units are dead.

## Example

```json
{"optimizer": {"args": {"lr": 1e-9}}}
```

## Use instead

```json
{"optimizer": {"args": {"lr": 0.003}}}
```
"""

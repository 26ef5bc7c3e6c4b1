"""The averaged weights still hold much of the initial weights at the end.

## What it does

Multiplies the decays of all updates of the run: this share of the average is still the initial weights. While
training it compares average and weights.

## Why is this bad

The averaged weights are those that are evaluated. A decay of 0.9999 needs some 30,000 updates before the
random start is forgotten.

## Example

```json
{"ema": {"decay": 0.9999}, "trainer": {"epochs": 5}}
```

## Use instead

```json
{"ema": {"decay": 0.9}, "trainer": {"epochs": 5}}
```
"""

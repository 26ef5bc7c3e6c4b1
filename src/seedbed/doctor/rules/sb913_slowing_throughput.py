"""Training has become much slower than it was.

## What it does

Compares the samples per second of an epoch with the best epoch before it.

## Why is this bad

The machine is shared, too hot or short of memory, or reading the data has become slow. The result is the
same, but it takes longer.

## Example

```json
{"data": {"args": {"num_workers": 0}}}
```

## Use instead

```json
{"data": {"args": {"num_workers": 4}}}
```
"""

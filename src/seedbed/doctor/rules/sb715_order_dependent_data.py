"""Samples depend on the order in which they are read.

## What it does

Reads a few samples twice, in two orders, and compares them bit by bit.

## Why is this bad

A data set that remembers what was read before, or draws from a generator of its own, gives other samples with
other workers and after a resume. The run cannot be repeated.

## Example

```python
class Readings:
    def __init__(self):
        self.calls = 0

    def __len__(self):
        return 64

    def __getitem__(self, index):
        self.calls += 1
        return torch.full((64,), self.calls / 100), index % 10


def data():
    return Readings()
```

## Use instead

```python
class Readings:
    def __len__(self):
        return 64

    def __getitem__(self, index):
        return torch.full((64,), index / 100), index % 10


def data():
    return Readings()
```
"""

"""The first loss is far from what chance gives.

## What it does

Compares the loss of the first batch with log C, the loss of a guess among C classes.

## Why is this bad

A far higher loss means scores that are far too large: the model is sure of wrong answers, and unlearns them
first. A far lower one means that the answer is among the inputs.

## Example

```python
class Model(nn.Linear):
    def __init__(self):
        super().__init__(64, 10)
        nn.init.normal_(self.weight, std=5)
```

## Use instead

```python
class Model(nn.Linear):
    def __init__(self):
        super().__init__(64, 10)
        nn.init.normal_(self.weight, std=0.05)
```
"""

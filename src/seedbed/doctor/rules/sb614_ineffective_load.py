"""Load_state_dict() loaded nothing or into something else.

## What it does

Compares the keys of a state dict with those of the model when it is loaded with `strict=False`.

## Why is this bad

With `strict=False` a wrong prefix is no error: the model keeps its random weights and the run looks like a
bad fine-tuning.

## Example

```python
old = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
saved = {"module." + name: tensor.clone() for name, tensor in old.state_dict().items()}
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
model.load_state_dict(saved, strict=False)
```

## Use instead

```python
old = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
saved = {name: tensor.clone() for name, tensor in old.state_dict().items()}
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
model.load_state_dict(saved)
```
"""

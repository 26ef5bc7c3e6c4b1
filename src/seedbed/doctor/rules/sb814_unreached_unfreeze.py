"""The epoch in which weights are unfrozen never comes.

## What it does

Compares until_epoch with the length of the run.

## Why is this bad

The weights stay frozen to the end, although the config says that they are to train.

## Example

```json
{"freeze": [{"match": ["*0*"], "until_epoch": 9}], "trainer": {"epochs": 3}}
```

## Use instead

```json
{"freeze": [{"match": ["*0*"], "until_epoch": 1}], "trainer": {"epochs": 3}}
```
"""

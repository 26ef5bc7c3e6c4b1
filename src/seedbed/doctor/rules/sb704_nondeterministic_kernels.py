"""Operations may be non-deterministic.

## What it does

Looks at trainer.deterministic.

## Why is this bad

The same run gives other weights each time, so nobody can tell a change for the better from luck.

## Example

```json
{"trainer": {"deterministic": false}}
```

## Use instead

```json
{"trainer": {"deterministic": true}}
```
"""

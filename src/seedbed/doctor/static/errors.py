"""Hand-written measures of error: R², MAPE, MAE and RMSE, by their names and formulas."""

from __future__ import annotations

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.values import Val, ancestors

Found = tuple[str, str, Val]
_MEAN = ("mean", "nanmean", "average", "sum")
_R2 = "Use 1 - ((y - pred) ** 2).sum() / ((y - y.mean()) ** 2).sum()"


_TOPS = frozenset(["sub", "rsub", "add", "div", "mean", "nanmean", "average", "loss", "abs", "absolute", "fabs"])


def mistake(names: set[str], val: Val) -> Found | None:
    """What is wrong with a value of this name, how to write it, and where."""
    top = _scaled(val)
    if top.name not in _TOPS:
        return None
    found = _determination(top)
    if found is not None:
        return found
    if {"r2", "rsquared"} & names or {"r", "squared"} <= names or {"r", "2"} <= names:
        return _unsubtracted(top)
    if "mape" in names:
        return _percentage(top)
    if "rmse" in names:
        return _root(top)
    if "mae" in names:
        return _absolute(top)
    return None


def _scaled(val: Val) -> Val:
    """Without factors of 100 and rounding."""
    one = f.core(val)
    for _ in range(4):
        if one.name in ("round", "item") and one.args:
            one = f.core(one.args[0])
        elif one.name in ("mul", "div") and len(one.args) == 2:
            number = next((a for a in one.args if a.kind == "const"), None)
            if number is None or number.const not in (100, 100.0):
                break
            one = f.core(next(a for a in one.args if a is not number))
        else:
            break
    return one


def _determination(val: Val) -> Found | None:
    """R² written as ``1 - a / b``."""
    ratio = f.complement(val)
    ratio = f.core(ratio) if ratio is not None else None
    if ratio is None or ratio.name != "div" or len(ratio.args) != 2:
        return None
    top, bottom = (_squares(a) for a in ratio.args)
    if top is None or bottom is None:
        return None
    around_top, around_bottom = _around_mean(top), _around_mean(bottom)
    if around_top is not None and around_bottom is None and _residual(bottom):
        return "R² is inverted: the total sum of squares is divided by the residual one", _R2, ratio
    if around_bottom is not None and around_top is None and _residual(top):  # noqa: SIM102
        if _guess(around_bottom):
            return "R² takes the mean of the predictions: it must be the mean of the targets", _R2, around_bottom
    return None


def _unsubtracted(val: Val) -> Found | None:
    """R² written as ``a / b``, without ``1 -``."""
    ratio = f.core(val)
    if ratio.name != "div" or len(ratio.args) != 2:
        return None
    top, bottom = (_squares(a) for a in ratio.args)
    if top is None or bottom is None or _around_mean(top) is not None or _around_mean(bottom) is None:
        return None
    return ("R² lacks 1 -: this is the unexplained share of the variance", _R2, ratio) if _residual(top) else None


def _squares(val: Val) -> Val | None:
    """The difference whose squares are summed."""
    one = f.core(val)
    if one.name in ("add",) and len(one.args) == 2:
        one = next((f.core(a) for a in one.args if a.kind != "const"), one)
    if one.name not in _MEAN or not one.args:
        return None
    inner = f.core(one.args[0])
    if inner.name not in ("pow", "square") or not inner.args:
        return None
    diff = f.core(inner.args[0])
    return diff if diff.name == "sub" and len(diff.args) == 2 else None


def _around_mean(diff: Val) -> Val | None:
    return next((f.core(a) for a in diff.args if f.core(a).name == "mean"), None)


def _guess(val: Val) -> bool:
    """Whether a value is (made from) a prediction."""
    return f.from_model(val) or any(
        {"pred", "preds", "prediction", "predictions", "yhat", "outputs", "output"} & f.said(v, 1)
        for v in ancestors(val, limit=6)
    )


def _residual(diff: Val) -> bool:
    return sum(_guess(a) for a in diff.args) == 1


def _mean_of(val: Val) -> Val | None:
    one = f.core(val)
    if one.name in ("mean", "nanmean", "average") and one.args:
        return f.core(one.args[0])
    if one.name == "div" and len(one.args) == 2:
        top = f.core(one.args[0])
        if top.name == "sum" and top.args and f.core(one.args[1]).name in ("len", "size", "numel", "shape", "getitem"):
            return f.core(top.args[0])
    return None


def _percentage(top: Val) -> Found | None:
    inner = _mean_of(top)
    signed = inner is not None
    if inner is not None and inner.name in ("abs", "absolute", "fabs") and inner.args:
        inner, signed = f.core(inner.args[0]), False
    if inner is None or inner.name != "div" or len(inner.args) != 2:
        return None
    above, below = (f.core(a) for a in inner.args)
    if above.name in ("abs", "absolute", "fabs", "l1_loss", "loss") and above.args:
        signed, above = False, f.core(above.args[0]) if above.name != "loss" else above
    if above.name != "sub" or not _residual(above):
        return None
    if _guess(below) and not any(
        v.name == "add" and len(v.args) == 2 and all(not a.const for a in v.args) for v in [below]
    ):
        fix = "Divide by the target: ((y - pred).abs() / y.abs()).mean()"
        return "MAPE is divided by the prediction: it must be divided by the target", fix, inner
    if signed:
        return "MAPE without abs(): errors of both signs cancel", "Use ((y - pred).abs() / y.abs()).mean()", inner
    return None


def _absolute(top: Val) -> Found | None:
    inner = top
    if inner.name in ("abs", "absolute", "fabs") and inner.args:
        inner = f.core(inner.args[0])
    diff = _mean_of(inner)
    if diff is not None and diff.name == "sub" and len(diff.args) == 2 and _residual(diff):
        return "MAE without abs() of every error: errors of both signs cancel", "Use (pred - y).abs().mean()", diff
    return None


def _root(top: Val) -> Found | None:
    fix = "Take the root of the mean: ((pred - y) ** 2).mean().sqrt()"
    inner = _mean_of(top)
    if inner is not None and inner.name in ("sqrt", "np_sqrt") and inner.args:
        power = f.core(inner.args[0])
        if power.name in ("pow", "square") and _is_residual(power):
            return "RMSE takes the root of every error: that is the mean absolute error", fix, inner
    if inner is not None and inner.name in ("pow", "square") and _is_residual(inner) and _two(inner):
        return "RMSE has no root: this is the mean squared error", fix, top
    if top.name == "div" and len(top.args) == 2 and _sums_squares(top.args[0]):
        return "RMSE has no root: this is the mean squared error", "Take its root: mse ** 0.5", top
    if top.name == "loss" and "MSELoss" in top.tags and "reduction=none" not in top.tags:
        return "RMSE has no root: this is the mean squared error", "Take its root: mse.sqrt()", top
    return None


def _sums_squares(val: Val, depth: int = 0) -> bool:
    """Whether a running sum adds up squared errors."""
    one = f.core(val)
    if one.name == "add" and len(one.args) == 2 and depth < 6:
        return _sums_squares(one.args[1], depth + 1)
    inner = f.core(one.args[0]) if one.name == "sum" and one.args else one
    return inner.name in ("pow", "square") and _is_residual(inner) and _two(inner)


def _is_residual(power: Val) -> bool:
    diff = f.core(power.args[0]) if power.args else power
    return diff.name == "sub" and len(diff.args) == 2 and _residual(diff)


def _two(val: Val) -> bool:
    return val.name == "square" or (len(val.args) > 1 and val.args[1].const == 2)

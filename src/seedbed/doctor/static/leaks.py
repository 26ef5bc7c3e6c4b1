"""Statistics of all rows that reach the inputs of training, though a part of the rows is held out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import data_queries, lineage, queries
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.values import CLOSED, Val, ancestors

MOMENTS = frozenset(["mean", "std", "min", "max", "amax", "amin", "median", "var", "quantile", "percentile"]) | {
    "nanmean",
    "nanstd",
    "nanmedian",
    "mode",
    "std_mean",
    "ptp",
    "describe",
}
_SELECT = frozenset(
    ["corrcoef", "corr", "corrwith", "cov", "f_classif", "f_regression", "chi2", "var", "std", "mean"]
) | {"mutual_info_classif", "mutual_info_regression"}
_CORRELATIONS = frozenset(["corrcoef", "corr", "corrwith", "cov", "f_classif", "f_regression", "chi2"])
_SELECTORS = frozenset(["SelectKBest", "SelectPercentile", "SelectFromModel", "RFE", "RFECV", "SelectFdr", "SelectFpr"])
_WINDOWS = frozenset(["rolling", "ewm", "expanding", "shift", "diff"])  # statistics of neighbouring rows only
_AXES = frozenset(["pca_lowrank", "svd", "svd_lowrank", "eigh", "eig", "linalg_svd"])
_USES: dict[str, frozenset[str]] = {
    **dict.fromkeys(("sub", "div", "fillna", "nan_to_num", "where", "masked_fill", "map", "replace"), MOMENTS),
    **dict.fromkeys(("clip", "clamp"), frozenset(["quantile", "percentile", "nanquantile"])),
    **dict.fromkeys(("getitem", "index_select", "take"), _SELECT),
    **dict.fromkeys(("matmul", "mm", "dot"), _AXES),
}
_SAY = {
    "sub": "mean and deviation are computed on all data before the split",
    "div": "mean and deviation are computed on all data before the split",
    "getitem": "features are selected by statistics of all data (feature selection before the split)",
    "index_select": "features are selected by statistics of all data (feature selection before the split)",
    "matmul": "the principal axes are computed on all data before the split",
    "map": "target means of all data are used as a feature (target encoding before the split)",
}


def before_split(p: Program) -> Iterator[tuple[Val | Event, str]]:
    """Every place where a statistic of rows on both sides of the split is made, and what it is."""
    learned, measured = lineage.feeds(p)
    fits = {id(e.recv): e for e in p.all("fit") if e.recv is not None}
    seen: set[int] = set()
    for one in learned:
        if not lineage.cuts(p, one.x):
            continue
        test = next((m for m in measured if lineage.same_rows(one.x, m.x) and _held_out(p, m.x, one.x)), None)
        if test is None:
            continue
        shared = lineage.roots(one.x) & lineage.roots(test.x)
        for node in _made_of(one.x):
            if id(node) in seen:
                continue
            seen.add(id(node))
            for stat, source, say in _statistics(node, fits):
                if not lineage.roots(source) & shared or lineage.cuts(p, source) or _late(p, stat):
                    continue
                if of_one_sample(p, stat):
                    continue
                if not (isinstance(stat, Val) and (_defines(node, one) or _in_target(p, stat, one))):
                    yield stat, say


def of_one_sample(p: Program, stat: Val | Event) -> bool:
    """Whether a statistic is taken where a data set gives a sample: it is one of that sample alone."""
    made = [e for e in p.makers(stat.name) if e.result is stat] if isinstance(stat, Val) else [stat]
    inside = [e for e in made if any(f.name in ("__getitem__", "__getitems__") for f in e.funcs)]
    return bool(inside) and not any(_of_stored(e.node) for e in inside)


def _of_stored(node: ast.AST) -> bool:
    """Whether a statistic is one of a whole stored table: ``self.x.mean(0)``, ``np.mean(self.x)``."""
    home = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
    subject = node.args[0] if isinstance(node, ast.Call) and isinstance(home, ast.Name) and node.args else home
    return isinstance(subject, ast.Attribute)


def _held_out(p: Program, measured: Val, learned: Val) -> bool:
    """Whether measured rows were cut off, and not by the very cuts that the trained rows went through too."""
    mine, others = lineage.cuts(p, measured), {id(v) for v in lineage.cuts(p, learned)}
    return any(id(v) not in others or lineage.row_key(v) is None for v in mine)


def _in_target(p: Program, stat: Val, feed: lineage.Feed) -> bool:
    """Whether a statistic by group was only written into the column that is the target."""
    steps = lineage.certain(feed.y) if feed.y is not None else []
    goal = next((c for v in steps if (c := _column(v))), None)
    written = [
        e.args for e in p.all("setitem") if len(e.args) > 1 and any(v is stat for v in ancestors(e.args[1], limit=60))
    ]
    return goal is not None and bool(written) and all(a[0].const == goal for a in written)


def encoded(p: Program) -> Iterator[tuple[Val | Event, str]]:
    """Columns of target means by group that are written into the whole table, before its rows are cut apart."""
    for event in p.all("setitem"):
        table, value = event.recv, event.args[-1] if event.args else None
        if table is None or value is None or "pandas" not in table.tags or value.name not in ("transform", "map"):
            continue
        behind = list(ancestors(value, limit=30))
        if not any(v.name == "groupby" for v in behind) or any(v.name in _WINDOWS for v in behind):
            continue
        if value.name == "transform" and not _of_group(value):
            continue
        names = {_column(v) for v in behind} - {None}
        for feed in lineage.feeds(p)[0]:
            steps = lineage.certain(feed.y) if feed.y is not None else []
            goal = next((c for v in steps if (c := _column(v))), None)
            if feed.y is None or goal not in names or not any(v is table for v in lineage.path(feed.y)):
                continue
            if lineage.cuts(p, feed.y) and not any(lineage.cuts(p, v) for v in behind if v.name == "groupby"):
                yield event, _SAY["map"]
                break


def _column(val: Val) -> str | None:
    """The name of the column that a step takes from a table."""
    if val.name == "getitem" and len(val.args) > 1 and isinstance(val.args[1].const, str):
        return val.args[1].const
    return None


_COMPUTES = frozenset(["add", "mul", "sub", "div", "matmul", "compare", "pow", "sum", "sin", "where", "exp", "prod"])


def defines_data(p: Program, scaled: Val) -> bool:
    """Whether a scaling of a whole table is part of what is to be predicted: the targets are computed from it."""
    return any(_defines(scaled, f) for f in lineage.feeds(p)[0])


def _defines(scaled: Val, feed: lineage.Feed) -> bool:
    if feed.y is None or feed.y.kind in ("const", "number"):
        return False
    behind = lineage.path(feed.y, 600)
    if not any(v is scaled for v in behind):
        return False
    if not any(v is scaled for v in lineage.path(feed.x, 600)):
        return True  # only the targets are scaled: their unit
    steps = (v for v in behind if v is not scaled and v.name in _COMPUTES)
    return any(scaled is v for step in steps for v in lineage.path(step))


def asked(p: Program, at: Val | Event, wholes: tuple[Val, ...] = ()) -> Val | Event | Place:
    """Where something was asked for: for what a helper does, its call beside the cut of the rows."""
    done = p.all("call", "getitem")
    made = at if isinstance(at, Event) else next((e for e in done if e.result is at or e.node is at.node), None)
    if made is None or not made.sites:
        return at
    steps = [v for f in lineage.feeds(p)[1] for v in lineage.cuts(p, f.x)]
    keys = [k for v in steps if (k := lineage.row_key(v)) is not None and k.kind != "slice"]
    wanted, whole = {id(v.node) for v in (*steps, *keys)}, {id(w) for w in wholes}
    later = (e for e in done if e.seq > made.seq or not wholes)
    cut = next(
        (e for e in later if id(e.node) in wanted or id(e.recv) in whole or any(id(a) in whole for a in e.args)), None
    )
    site = queries.beside(made, cut) if cut is not None else None
    return site if isinstance(site, tuple) else at


def of_both(p: Program) -> Iterator[tuple[Val | Event, str]]:
    """Statistics of training and evaluation rows that were put together again to compute them."""
    learned, measured = lineage.feeds(p)
    fits = {id(e.recv): e for e in p.all("fit") if e.recv is not None}
    seen: set[int] = set()
    for one in learned:
        mine = lineage.roots(one.x)
        others = set[int]().union(*[r for m in measured if not (r := lineage.roots(m.x)) & mine])
        for node in _made_of(one.x) if others else ():
            if id(node) in seen:
                continue
            seen.add(id(node))
            for stat, source, say in _statistics(node, fits):
                behind = lineage.roots(source)
                if behind & mine and behind & others and not _late(p, stat):
                    yield stat, say.replace("on all data before the split", "on training and test rows together")


_NO_STATISTICS = frozenset([
    "LabelEncoder", "LabelBinarizer", "MultiLabelBinarizer",  # which classes there are is known beforehand
    "PolynomialFeatures", "Normalizer", "Binarizer", "FunctionTransformer", "HashingVectorizer", "FeatureHasher",
    "AdditiveChi2Sampler", "PolynomialCountSketch", "RBFSampler", "GaussianRandomProjection", "SparseRandomProjection",
])  # fmt: skip


def learns_nothing(fitted: Val) -> bool:
    """Whether what is fitted takes no statistics of the rows: it numbers the classes, or works row by row."""
    return any(a.name in _NO_STATISTICS for a in fitted.args[1:])


def of_its_type(stat: Val) -> bool:
    """Whether a highest value is that of the type, as of images in bytes: no property of the rows."""
    if stat.name not in ("max", "amax") or not stat.args or len(stat.args) > 1 or stat.kwargs:
        return False
    return any(
        v.dtype in ("uint8", "int64", "long", "int32") or v.name in _WHOLE for v in lineage.path(stat.args[0], 20)
    )


_WHOLE = frozenset(["randint", "np_randint", "integers", "load_digits", "imread"])


def _made_of(x: Val, limit: int = 1500) -> Iterator[Val]:
    """``x`` and what its numbers were made from; what only chose which rows it has is not in them."""
    stack, seen = [x], set[int]()
    while stack and len(seen) < limit:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if one.kind in CLOSED:
            continue
        key = lineage.row_key(one)
        if one.name == "train_test_split":
            stack += one.args[:1]  # by what the rows are stratified is not in them
        elif key is None or _columns(key):
            stack += one.inputs()
        else:
            stack += [part for part in one.args if part is not key and key not in (part.items or ())]


def _late(p: Program, stat: Val | Event) -> bool:
    return id(stat.node) in lineage.stepping(p)


def _statistics(node: Val, fits: dict[int, Event]) -> Iterator[tuple[Val | Event, Val, str]]:
    """The statistics that a step uses, each with the rows it was computed on."""
    if node.kind not in ("tensor", "unknown", "object"):
        return
    if node.name in ("fit_transform", "fit_resample") and node.args and not learns_nothing(node):
        chooser = next((a.name for a in node.args[1:] if a.kind == "object" and a.name in _SELECTORS), "")
        say = f" (feature selection by {chooser} on the whole data)" if chooser else ""
        yield node, node.args[0], f"{node.name}() is fitted on all data before the split{say}"
    elif node.name == "transform" and len(node.args) > 1 and id(node.args[-1]) in fits and not learns_nothing(node):
        fit = fits[id(node.args[-1])]
        if fit.args:
            yield fit, fit.args[0], fitted(fit)
    elif node.name == "transform" and _groups(node):
        yield node, node.args[0], _SAY["map"]
    wanted = _USES.get(node.name)
    if wanted is None:
        return
    others = [*node.args[1:], *node.kwargs.values()]
    if node.name in ("getitem", "index_select", "take"):
        others = [k for k in others if lineage.row_key(node) is not k or _columns(k)]
    for stat in (s for other in others for s in _outermost(other, wanted)):
        if stat.args[0].kind in ("const", "number", "module") or stat.args[0].name in _WINDOWS or of_its_type(stat):
            continue
        if stat.name in _CORRELATIONS or not data_queries.per_sample(stat):
            yield stat, stat.args[0], _SAY.get(node.name, "a statistic of all data is used before the split")


def fitted(fit: Event) -> str:
    """What is fitted on all data, in the words for its kind."""
    name = fit.recv.name if fit.recv is not None else ""
    words = next((w for key, w in _KINDS.items() if key in name), "")
    what = f"the {words} ({name})" if words else "the scaler" if "Scaler" in name or not name else f"the {name}"
    return f"{what} is fitted on all data before the split"


_KINDS = {
    "TargetEncoder": "target encoding",
    "Encoder": "encoder",
    "Imputer": "imputer",
    "PCA": "projection",
    "SVD": "projection",
    "Select": "feature selection",
    "Vectorizer": "vocabulary and its weights",
    "Discretizer": "bins",
    "Normalizer": "scaler",
    "Transformer": "transformer",
}


def _outermost(val: Val, wanted: frozenset[str]) -> Iterator[Val]:
    """The statistics that a value is made of, not those that their rows were made with."""
    stack, seen = [val], set[int]()
    while stack and len(seen) < 80:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.name in wanted and one.kind in ("tensor", "unknown", "tuple", "number") and one.args:
            yield one
        elif one.kind not in ("func", "class", "lib", "module"):
            stack += one.inputs()


def _of_group(node: Val) -> bool:
    """Whether ``transform`` gives one statistic for each group, not a function of the rows one by one."""
    how = node.args[1] if len(node.args) > 1 else node.kwargs.get("func")
    return how is not None and isinstance(how.const, str)


def _groups(node: Val) -> bool:
    return _of_group(node) and any(v.name == "groupby" for v in lineage.path(node, 12))


def _columns(key: Val) -> bool:
    """Whether an index comes from a ranking of columns."""
    return any(
        v.name in ("corrcoef", "corr", "f_classif", "chi2", "mutual_info_classif") for v in ancestors(key, limit=60)
    )

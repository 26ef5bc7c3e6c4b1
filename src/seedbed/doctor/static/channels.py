"""Where the channels of an image are: libraries read height x width x channels, layers expect channels first."""

from __future__ import annotations

from seedbed.doctor.static.values import Val

_SAME = frozenset(
    ["div", "mul", "sub", "add", "float", "astype", "to", "from_numpy", "as_tensor", "asarray", "np_array", "array",
     "tensor", "FloatTensor", "Tensor", "resize", "cvtColor", "convert", "copy", "contiguous", "type",
     "ascontiguousarray", "double", "half", "GaussianBlur", "clip", "float32", "crop", "clone"]
)  # fmt: skip
_OPENED = frozenset(["imread", "open", "imdecode", "imopen"])
_LAST = frozenset(["CIFAR10", "CIFAR100"])


def of_image(source: Val, sizes: tuple[Val, ...]) -> str:
    """Why cutting an image (height, width, channels) into (channels, height, width) is wrong, ``""`` if it is not."""
    given = [s.const if s.kind == "const" else None for s in sizes]
    if len(given) == 4 and (given[0] in (1, -1) or given[0] is None or isinstance(given[0], int)):
        given = given[1:]
    if len(given) != 3:
        return ""
    if given[0] in (3, 4) and given[2] not in (3, 4) and last_axis_holds_channels(source):
        return "the image is read as (height, width, channels): cut into (channels, height, width), the colours mix"
    if given == [32, 32, 3] and _planes(source):
        return "each row holds the red, the green and the blue plane: it must be cut into (3, 32, 32)"
    return ""


def last_axis_holds_channels(val: Val) -> bool:
    """Whether a value is a picture as a library reads it, with its channels on the last axis."""
    current, depth, grey = val, 0, False
    while depth < 20:
        depth += 1
        said = [a.const for a in (*current.args[1:], *current.kwargs.values()) if a.kind == "const"]
        grey = grey or any(s in ("L", "1", 0) for s in said if current.name in ("convert", "imread"))
        if any(a.name.rsplit(".", 1)[-1].endswith(("GRAYSCALE", "2GRAY")) for a in current.args[1:]):
            grey = True
        if current.kind == "phi" or (current.name in _SAME and current.args):
            current = current.args[0]
        elif current.name == "data" and current.args and current.args[0].name in _LAST:
            return True
        else:
            break
    opened = current.name in _OPENED and bool(current.tags & {"PIL", "cv2", "imageio", "skimage", "matplotlib"})
    return opened and not grey


def _planes(val: Val) -> bool:
    """Whether it is the array of a CIFAR file, which stores one colour after the other."""
    current, depth = val, 0
    while depth < 12 and current.args:
        if current.name == "getitem" and len(current.args) > 1 and current.args[1].const in (b"data", "data"):
            return any(v.name == "load" for v in (current.args[0], *current.args[0].args))
        current, depth = current.args[0], depth + 1
    return False

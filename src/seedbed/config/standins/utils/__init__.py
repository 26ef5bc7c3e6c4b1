"""Stand-in for the `utils` package of a pytorch-template project that does not carry it."""

from .util import ensure_dir as ensure_dir
from .util import inf_loop as inf_loop
from .util import read_json as read_json
from .util import write_json as write_json

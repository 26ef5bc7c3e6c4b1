"""Stand-in for the `utils` package of a pytorch-template project that does not carry it."""

from utils.util import ensure_dir as ensure_dir
from utils.util import inf_loop as inf_loop
from utils.util import read_json as read_json
from utils.util import write_json as write_json

"""Stand-in for the `base` package of a pytorch-template project that does not carry it."""

from .base_data_loader import BaseDataLoader as BaseDataLoader
from .base_model import BaseModel as BaseModel

from .base_data_loader import BaseDataLoader as BaseDataLoader
from .base_model import BaseModel as BaseModel

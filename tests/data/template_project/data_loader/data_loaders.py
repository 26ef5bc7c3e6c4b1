from base import BaseDataLoader
from torch.utils.data import Dataset

from seedbed.data.datasets.digits import Digits


class DigitImages(Dataset):
    """Small handwritten digits, one at a time, as a data set of one's own would give them."""

    def __init__(self, train):
        source = Digits()
        self.samples = source.train if train else source.test

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        row = int(self.samples.rows[index])
        return self.samples.inputs[row], int(self.samples.targets[row])


class DigitDataLoader(BaseDataLoader):
    """The project's loader: arguments as in config.json."""

    def __init__(self, data_dir, batch_size, shuffle=True, validation_split=0.0, num_workers=1, training=True):
        self.data_dir = data_dir
        super().__init__(DigitImages(training), batch_size, shuffle, validation_split, num_workers)

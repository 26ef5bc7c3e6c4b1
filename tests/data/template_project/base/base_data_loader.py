import numpy as np
from torch.utils.data import DataLoader
from torch.utils.data.dataloader import default_collate
from torch.utils.data.sampler import SubsetRandomSampler


class BaseDataLoader(DataLoader):
    """A loader that can give a part of its data away for validation."""

    def __init__(self, dataset, batch_size, shuffle, validation_split, num_workers, collate_fn=default_collate):
        self.validation_split = validation_split
        self.shuffle = shuffle
        self.batch_idx = 0
        self.n_samples = len(dataset)
        self.sampler, self.valid_sampler = self._split_sampler(self.validation_split)
        self.init_kwargs = {
            "dataset": dataset,
            "batch_size": batch_size,
            "shuffle": self.shuffle,
            "collate_fn": collate_fn,
            "num_workers": num_workers,
        }
        super().__init__(sampler=self.sampler, **self.init_kwargs)

    def _split_sampler(self, split):
        if split == 0.0:
            return None, None
        order = np.arange(self.n_samples)
        np.random.seed(0)
        np.random.shuffle(order)
        if isinstance(split, int):
            assert 0 < split < self.n_samples
            count = split
        else:
            count = int(self.n_samples * split)
        held_back, rest = order[:count], np.delete(order, np.arange(count))
        self.shuffle = False  # a sampler and shuffling exclude each other
        self.n_samples = len(rest)
        return SubsetRandomSampler(rest), SubsetRandomSampler(held_back)

    def split_validation(self):
        if self.valid_sampler is None:
            return None
        return DataLoader(sampler=self.valid_sampler, **self.init_kwargs)

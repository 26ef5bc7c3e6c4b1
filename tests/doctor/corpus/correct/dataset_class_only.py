import torch
from torch.utils.data import DataLoader, Dataset


class SlidingWindow(Dataset):
    """Windows of a series with the next value as target."""

    def __init__(self, series, size):
        self.series = torch.as_tensor(series, dtype=torch.float32)
        self.size = size

    def __len__(self):
        return len(self.series) - self.size

    def __getitem__(self, i):
        return self.series[i:i + self.size], self.series[i + self.size]


if __name__ == "__main__":
    ds = SlidingWindow(range(50), 8)
    for x, y in DataLoader(ds, batch_size=16):
        print(tuple(x.shape), tuple(y.shape))

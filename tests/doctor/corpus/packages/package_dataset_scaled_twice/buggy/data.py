import torch
from torch.utils.data import Dataset

from transforms import to_float


class Pictures(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.label = torch.randint(0, 2, (n,), generator=g)
        self.pixels = torch.randint(0, 128, (n, 8, 8), generator=g)
        self.pixels[self.label == 1, :4] += 100

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        img = to_float(self.pixels[i])
        return img / 255.0, self.label[i]

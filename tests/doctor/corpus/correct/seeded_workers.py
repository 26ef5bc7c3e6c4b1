import random
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Noisy(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i] + np.random.normal(0, 0.1, self.x.shape[1]).astype("float32"), self.y[i]


def seed_worker(worker_id):
    s = torch.initial_seed() % 2**32
    np.random.seed(s)
    random.seed(s)


if __name__ == "__main__":
    random.seed(5)
    np.random.seed(5)
    torch.manual_seed(5)
    x = np.random.randn(120, 4).astype("float32")
    y = (x[:, 0] > 0).astype("int64")
    g = torch.Generator()
    g.manual_seed(5)
    dl = DataLoader(Noisy(x, y), batch_size=20, shuffle=True, num_workers=2, worker_init_fn=seed_worker, generator=g)
    net = nn.Linear(4, 2)
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(2):
        net.train()
        for a, b in dl:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(net(a), b)
            loss.backward()
            opt.step()
        print(epoch, loss.item())

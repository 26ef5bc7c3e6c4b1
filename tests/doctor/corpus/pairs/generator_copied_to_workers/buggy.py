import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader, get_worker_info


class Jitter(Dataset):
    def __init__(self, x, y, seed):
        self.x, self.y = x, y
        self.seed = seed
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        noise = self.rng.normal(0, 0.2, size=self.x.shape[1]).astype(np.float32)
        return self.x[i] + torch.from_numpy(noise), self.y[i]


def main():
    torch.manual_seed(0)
    x = torch.randn(120, 6)
    y = (x.sum(1) > 0).long()
    loader = DataLoader(Jitter(x, y, 3), batch_size=20, shuffle=True, num_workers=2)
    net = nn.Linear(6, 2)
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(2):
        net.train()
        for xb, yb in loader:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(net(xb), yb)
            loss.backward()
            opt.step()
        print(epoch, loss.item())


if __name__ == "__main__":
    main()

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class Stream(IterableDataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __iter__(self):
        info = get_worker_info()
        first, step = (info.id, info.num_workers) if info else (0, 1)
        for i in range(first, len(self.x), step):
            yield self.x[i], self.y[i]


def main():
    torch.manual_seed(1)
    x = torch.randn(120, 4)
    y = x.mean(1, keepdim=True)
    net = nn.Linear(4, 1)
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(2):
        net.train()
        n = 0
        for xb, yb in DataLoader(Stream(x, y), batch_size=20, num_workers=2):
            opt.zero_grad()
            loss = nn.functional.mse_loss(net(xb), yb)
            loss.backward()
            opt.step()
            n += len(xb)
        print(epoch, n, loss.item())


if __name__ == "__main__":
    main()

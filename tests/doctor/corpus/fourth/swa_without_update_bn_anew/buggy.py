import torch
import torch.nn as nn
from torch.optim.swa_utils import SWALR, AveragedModel
from torch.utils.data import DataLoader, TensorDataset


def patterns(n, gen):
    """8x8 pictures: horizontal, vertical or diagonal stripes under noise."""
    r, c = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    kinds = torch.stack([r, c, r + c]).float()
    y = torch.randint(3, (n,), generator=gen)
    phase = 6.28 * torch.rand(n, 1, 1, generator=gen)
    img = torch.sin(1.6 * kinds[y] + phase) + 1.2 * torch.randn(n, 8, 8, generator=gen)
    return TensorDataset(img.unsqueeze(1) * 3 + 5, y)


def conv_bn(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class StripeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv_bn(1, 12)
        self.mid = conv_bn(12, 12)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(12, 3)

    def forward(self, x):
        return self.fc(self.pool(self.mid(self.stem(x))).flatten(1))


@torch.no_grad()
def accuracy(net, loader):
    net.eval()
    hits = [net(x).argmax(1).eq(y) for x, y in loader]
    return torch.cat(hits).float().mean().item()


def train(net, loader, epochs, swa_start):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=swa_start, eta_min=0.02)
    swa_net = AveragedModel(net)
    swa_lr = SWALR(optimizer, swa_lr=0.05, anneal_epochs=2)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        net.train()
        for x, y in loader:
            optimizer.zero_grad()
            criterion(net(x), y).backward()
            optimizer.step()
        if epoch >= swa_start:
            swa_net.update_parameters(net)
            swa_lr.step()
        else:
            cosine.step()
    return swa_net


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    train_loader = DataLoader(patterns(400, gen), batch_size=40, shuffle=True)
    test_loader = DataLoader(patterns(400, gen), batch_size=100)
    net = StripeNet()
    averaged = train(net, train_loader, epochs=8, swa_start=4)
    print(f"last weights     {accuracy(net, test_loader):.3f}")
    print(f"averaged weights {accuracy(averaged, test_loader):.3f}")


if __name__ == "__main__":
    main()

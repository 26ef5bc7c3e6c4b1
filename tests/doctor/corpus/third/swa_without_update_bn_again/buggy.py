import torch
import torch.nn as nn
from torch.optim.swa_utils import SWALR, AveragedModel
from torch.utils.data import DataLoader, TensorDataset

cfg = {"epochs": 14, "swa_start": 7, "lr": 0.08, "swa_lr": 0.04, "bs": 40, "seed": 19}


def stripes(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = 3 * torch.rand(n, 5, generator=g) + 4
    y = ((x[:, 0] + x[:, 1]).mul(1.5).sin() + 0.3 * (x[:, 2] - 5.5) > 0).long()
    return TensorDataset(x, y)


def network():
    layers, width = [], 5
    for h in (48, 48):
        layers += [nn.Linear(width, h), nn.BatchNorm1d(h), nn.ReLU()]
        width = h
    return nn.Sequential(*layers, nn.Linear(width, 2))


@torch.no_grad()
def accuracy(m, dl):
    m.eval()
    n = sum((m(x).argmax(1) == y).sum().item() for x, y in dl)
    return n / len(dl.dataset)


def main(c):
    torch.manual_seed(c["seed"])
    dl = DataLoader(stripes(800, 1), c["bs"], shuffle=True)
    test_dl = DataLoader(stripes(600, 2), 200)
    net = network()
    swa = AveragedModel(net)
    opt = torch.optim.SGD(net.parameters(), lr=c["lr"], momentum=0.9)
    swa_sched = SWALR(opt, swa_lr=c["swa_lr"], anneal_epochs=2)
    ce = nn.CrossEntropyLoss()

    for epoch in range(c["epochs"]):
        net.train()
        for x, y in dl:
            opt.zero_grad()
            ce(net(x), y).backward()
            opt.step()
        if epoch >= c["swa_start"]:
            swa.update_parameters(net)
            swa_sched.step()

    print("last iterate", accuracy(net, test_dl))
    print("swa", accuracy(swa, test_dl))


main(cfg)

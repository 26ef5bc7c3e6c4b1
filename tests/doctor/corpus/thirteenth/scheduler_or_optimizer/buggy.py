# small depth-from-features regression, poly lr
import torch
import torch.nn as nn


class PolyLR:
    def __init__(self, opt, total, power=0.9):
        self.opt, self.total, self.power = opt, total, power
        self.base = [g["lr"] for g in opt.param_groups]
        self.n = 0

    def step(self):
        self.n = min(self.n + 1, self.total)
        k = (1 - self.n / self.total) ** self.power
        for g, lr in zip(self.opt.param_groups, self.base):
            g["lr"] = lr * k


def train(model, x, y, opt, crit, epochs, bs=64, scheduler=None):
    for ep in range(epochs):
        model.train()
        tot = 0.
        for idx in torch.randperm(len(x)).split(bs):
            pred = model(x[idx])
            loss = crit(pred, y[idx])
            opt.zero_grad()
            loss.backward()
            if scheduler:
                scheduler.step()
            else:
                opt.step()
            tot += loss.item() * len(idx)
        print('ep %d  l1 %.4f  lr %.5f' % (ep, tot / len(x), opt.param_groups[0]['lr']))


if __name__ == '__main__':
    torch.manual_seed(11)
    w = torch.randn(16, 1)
    x = torch.randn(1152, 16)
    y = torch.relu(x @ w) + .05 * torch.randn(1152, 1)
    xtr, ytr, xte, yte = x[:1024], y[:1024], x[1024:], y[1024:]

    model = nn.Sequential(nn.Linear(16, 48), nn.ReLU(), nn.Linear(48, 1))
    crit = nn.L1Loss()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    epochs = 10
    sched = PolyLR(opt, total=epochs * (1024 // 64))
    train(model, xtr, ytr, opt, crit, epochs, scheduler=sched)

    model.eval()
    with torch.no_grad():
        print('test l1 %.4f' % crit(model(xte), yte).item())

import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau


def friedman(n, noise=0.5, d=8, generator=None):
    x = torch.rand(n, d, generator=generator)
    y = (10 * torch.sin(torch.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
         + 10 * x[:, 3] + 5 * x[:, 4])
    return x, y + noise * torch.randn(n, generator=generator)


class Standardizer:
    def fit(self, y):
        self.mu, self.sd = y.mean(), y.std()
        return self

    def __call__(self, y):
        return (y - self.mu) / self.sd


def batches(x, y, size, shuffle):
    order = torch.randperm(len(x)) if shuffle else torch.arange(len(x))
    for chunk in order.split(size):
        yield x[chunk], y[chunk]


def validate(model, x, y, size=80):
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for xb, yb in batches(x, y, size, shuffle=False):
            err = nn.functional.mse_loss(model(xb).squeeze(-1), yb)
            total += err.item() * len(xb)
            count += len(xb)
    val_loss = total / count
    return val_loss


def fit(model, train, val, epochs=40, lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.8)
    scheduler = ReduceLROnPlateau(optimizer, mode="max", factor=0.3, patience=3)
    trace = []
    for _ in range(epochs):
        model.train()
        for xb, yb in batches(*train, 32, shuffle=True):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(xb).squeeze(-1), yb).backward()
            optimizer.step()
        val_loss = validate(model, *val)
        scheduler.step(val_loss)
        trace.append((val_loss, scheduler.get_last_lr()[0]))
    return trace


if __name__ == "__main__":
    torch.manual_seed(13)
    g = torch.Generator().manual_seed(99)
    xtr, ytr = friedman(500, generator=g)
    xva, yva = friedman(250, generator=g)
    scale = Standardizer().fit(ytr)
    net = nn.Sequential(nn.Linear(8, 40), nn.SiLU(), nn.Linear(40, 40), nn.SiLU(), nn.Linear(40, 1))
    trace = fit(net, (xtr, scale(ytr)), (xva, scale(yva)))
    for i in (0, 9, 19, 29, 39):
        print("epoch %2d  val %.4f  lr %.5f" % (i + 1, *trace[i]))

"""Handmade two-layer network (no nn.Linear): predicts the quadrant parity of points."""
import torch
import torch.nn as nn


class Dense(nn.Module):
    def __init__(self, n_in, n_out, gain=2.0):
        super().__init__()
        self.W = nn.Parameter(torch.randn(n_in, n_out) * (gain / n_in) ** 0.5)
        self.b = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return x @ self.W + self.b


class ParityNet(nn.Module):
    def __init__(self, d=10, widths=(128, 128, 128)):
        super().__init__()
        sizes = [d, *widths]
        self.hidden = nn.ModuleList(Dense(i, o) for i, o in zip(sizes[:-1], sizes[1:]))
        self.final = Dense(sizes[-1], 1, gain=1.0)

    def forward(self, x):
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.final(x)


def points(n, d=10):
    x = torch.rand(n, d) * 2 - 1
    y = ((x[:, 0] > 0) ^ (x[:, 1] > 0)).float().unsqueeze(1)
    return x, y


def main(seed=6, epochs=30, bs=64):
    torch.manual_seed(seed)
    x, y = points(1200)
    xt, yt = points(600)
    net = ParityNet()
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    bce = nn.BCEWithLogitsLoss()
    for ep in range(epochs):
        net.train()
        run = 0.0
        for k in torch.randperm(len(x)).split(bs):
            opt.zero_grad()
            loss = bce(net(x[k]), y[k])
            loss.backward()
            opt.step()
            run += loss.item() * len(k)
        if ep in (0, 9, 19, 29):
            net.eval()
            with torch.no_grad():
                acc = ((net(xt) > 0).float() == yt).float().mean().item()
            print(f"{ep:2d} loss {run / len(x):.3f} test acc {acc:.3f}")


if __name__ == "__main__":
    main()

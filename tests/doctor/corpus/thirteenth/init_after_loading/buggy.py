import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
        nn.init.zeros_(m.bias)


class Encoder(nn.Module):
    def __init__(self, dim_in=30, dim=48):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dim_in, dim), nn.ReLU(), nn.Linear(dim, 12))

    def forward(self, x):
        return self.net(x)


class Classifier(nn.Module):
    def __init__(self, ckpt=None):
        super().__init__()
        self.encoder = Encoder()
        self.head = nn.Linear(12, 2)
        if ckpt is not None:
            self.encoder.load_state_dict(torch.load(ckpt, weights_only=True))
            print("loaded", os.path.basename(ckpt))
        self.apply(init_weights)

    def forward(self, x):
        return self.head(self.encoder(x))


def pretrain(x, topic, path):
    """Big source task: which of the five topics dominates the row."""
    enc, top = Encoder(), nn.Linear(12, 5)
    opt = torch.optim.Adam([*enc.parameters(), *top.parameters()], lr=2e-3)
    for _ in range(12):
        for i in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            F.cross_entropy(top(enc(x[i])), topic[i]).backward()
            opt.step()
    torch.save(enc.state_dict(), path)


def main():
    torch.manual_seed(4)
    basis = torch.randn(5, 30)
    z = torch.randn(2500, 5)
    x, y = z @ basis + 1.5 * torch.randn(2500, 30), (z[:, 0] > z[:, 1]).long()
    x_src, (x_tr, y_tr), (x_te, y_te) = x[:2000], (x[2000:2060], y[2000:2060]), (x[2060:], y[2060:])

    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "encoder.pt")
        pretrain(x_src, z[:2000].argmax(1), path)
        model = Classifier(ckpt=path)

    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()
    for _ in range(20):
        for i in torch.randperm(len(x_tr)).split(20):
            opt.zero_grad()
            F.cross_entropy(model(x_tr[i]), y_tr[i]).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        print("test acc %.3f" % (model(x_te).argmax(1) == y_te).float().mean().item())


if __name__ == "__main__":
    main()

import torch
from torch import nn
import torch.nn.functional as F


class Encoder(nn.Module):
    def __init__(self, d_in=16, d_hid=48, d_proj=8):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(d_in, d_hid), nn.ReLU(), nn.Linear(d_hid, d_hid), nn.ReLU())
        self.head = nn.Linear(d_hid, d_proj)

    def forward(self, x):
        h = self.backbone(x)
        return h, F.normalize(self.head(h), dim=1)


def nt_xent(z1, z2, tau=0.5):
    """z1[i] and z2[i] are two views of the same sample (unit vectors)"""
    n = z1.size(0)
    z = torch.cat([z1, z2])
    sim = z @ z.t() / tau
    sim = sim.masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
    target = torch.cat([torch.arange(n, 2 * n), torch.arange(0, n)])
    return F.cross_entropy(sim, target)


def augment(x):
    scale = 1 + 0.2 * torch.randn(x.size(0), 1)
    return x * scale + 0.3 * torch.randn_like(x)


if __name__ == "__main__":
    torch.manual_seed(13)
    protos = torch.randn(4, 16) * 2
    y = torch.randint(0, 4, (512,))
    x = protos[y] + 0.7 * torch.randn(512, 16)
    train_x, train_y, test_x, test_y = x[:384], y[:384], x[384:], y[384:]

    enc = Encoder()
    opt = torch.optim.Adam(enc.parameters(), lr=1e-3)
    for epoch in range(8):
        running = 0.0
        for idx in torch.randperm(384).split(64):
            _, z1 = enc(augment(train_x[idx]))
            _, z2 = enc(augment(train_x[idx]))
            loss = nt_xent(z1, z2)
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item()
        print("epoch", epoch, "nt-xent", round(running / 6, 4))

    # 1-NN probe on the frozen representation
    with torch.no_grad():
        ref, _ = enc(train_x)
        query, _ = enc(test_x)
        nearest = torch.cdist(query, ref).argmin(1)
    print("1-NN accuracy", (train_y[nearest] == test_y).float().mean().item())

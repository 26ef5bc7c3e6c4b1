import torch
import torch.nn as nn
import torch.nn.functional as F


class Quantizer(nn.Module):
    """Codebook with straight-through gradient and codebook / commitment losses."""

    def __init__(self, n_codes=16, dim=2, beta=0.25):
        super().__init__()
        self.codes = nn.Embedding(n_codes, dim)
        nn.init.uniform_(self.codes.weight, -1.0, 1.0)
        self.beta = beta

    def forward(self, z):
        idx = torch.cdist(z, self.codes.weight).argmin(1)
        q = self.codes(idx)
        loss = F.mse_loss(q, z.detach()) + self.beta * F.mse_loss(z, q.detach())
        q = z + (q - z).detach()
        return q, loss, idx


class VQVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 2))
        self.vq = Quantizer()
        self.decoder = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 12))

    def forward(self, x):
        q, vq_loss, idx = self.vq(self.encoder(x))
        return self.decoder(q), vq_loss, idx


def clusters(n, proto, g):
    y = torch.randint(0, len(proto), (n,), generator=g)
    return proto[y] + 0.1 * torch.randn(n, proto.size(1), generator=g)


def train(model, x, epochs):
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(epochs):
        model.train()
        for i in torch.randperm(len(x)).split(64):
            rec, vq_loss, _ = model(x[i])
            loss = F.mse_loss(rec, x[i]) + vq_loss
            opt.zero_grad()
            loss.backward()
            opt.step()


if __name__ == "__main__":
    torch.manual_seed(4)
    g = torch.Generator().manual_seed(4)
    proto = torch.randn(8, 12, generator=g)
    train_x, test_x = clusters(1200, proto, g), clusters(300, proto, g)
    net = VQVAE()
    train(net, train_x, 25)
    net.eval()
    with torch.no_grad():
        rec, _, idx = net(test_x)
    print("test mse", round(F.mse_loss(rec, test_x).item(), 4), "codes used", idx.unique().numel())

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class Encoder(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(12, dim), nn.BatchNorm1d(dim), nn.ReLU(),
            nn.Linear(dim, dim), nn.BatchNorm1d(dim), nn.ReLU(),
        )

    def forward(self, x):
        return self.body(x)


class Probe(nn.Module):
    def __init__(self, encoder, n_classes):
        super().__init__()
        self.encoder = encoder
        self.fc = nn.Linear(32, n_classes)

    def forward(self, x):
        return self.fc(self.encoder(x))


def fit(model, params, loader, epochs, lr, before_epoch):
    opt = torch.optim.Adam(params, lr=lr)
    for _ in range(epochs):
        before_epoch(model)
        for x, y in loader:
            opt.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            opt.step()


def probe_mode(model):
    model.train()


@torch.no_grad()
def acc(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


torch.manual_seed(4)
src_x = torch.randn(1400, 12)
src_y = (src_x[:, 0] > 0).long() + 2 * (src_x[:, 1] > 0).long()
pre = Probe(Encoder(), 4)
fit(pre, pre.parameters(), DataLoader(TensorDataset(src_x[:1000], src_y[:1000]), 50, shuffle=True), 8, 3e-3, lambda m: m.train())

tgt_x = torch.randn(400, 12) * 1.5 + 1.0
tgt_y = (tgt_x[:, 0] > tgt_x[:, 1]).long()
probe = Probe(pre.encoder, 2)
for p in probe.encoder.parameters():
    p.requires_grad = False
loader = DataLoader(TensorDataset(tgt_x[:300], tgt_y[:300]), batch_size=30, shuffle=True)
fit(probe, probe.fc.parameters(), loader, 15, 1e-2, probe_mode)
print("linear probe", acc(probe, tgt_x[300:], tgt_y[300:]))
print("source task with the shared encoder", acc(pre, src_x[1000:], src_y[1000:]))

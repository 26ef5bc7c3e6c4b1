"""Transfer: features learnt on a 10-way task, then a 3-way head with the backbone fixed."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(21)
D = 16
W = torch.randn(D, 12)


def task(n, proj):
    x = torch.randn(n, D)
    y = (torch.tanh(x @ W) @ proj).argmax(1)
    return x, y


class Classifier(nn.Module):
    def __init__(self, n_out):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(D, 64), nn.GELU(), nn.Linear(64, 32), nn.GELU())
        self.head = nn.Linear(32, n_out)

    def forward(self, x):
        return self.head(self.backbone(x))


def fit(model, opt, x, y, epochs, bs=64):
    model.train()
    for _ in range(epochs):
        for i in torch.randperm(len(x)).split(bs):
            opt.zero_grad()
            F.cross_entropy(model(x[i]), y[i]).backward()
            opt.step()


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


# source task
P10 = torch.randn(12, 10)
xs, ys = task(2000, P10)
model = Classifier(10)
fit(model, torch.optim.Adam(model.parameters(), lr=2e-3), xs, ys, epochs=10)
print("source acc (train)", round(accuracy(model, xs, ys), 3))

# target task: few labels, so only the head is learnt
P3 = torch.randn(12, 3)
xt, yt = task(60, P3)
xe, ye = task(1000, P3)

for p in model.backbone.parameters():
    p.requires_grad = False
model.head = nn.Linear(32, 3)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
fit(model, optimizer, xt, yt, epochs=40)

print("target acc", round(accuracy(model, xe, ye), 3))

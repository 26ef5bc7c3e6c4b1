# Transfer learning in miniature: pretrain on a big task, freeze the features, train a new head on a small one.
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(13)

basis = torch.randn(24, 6) / 24 ** 0.5 * 2


def hidden_factors(x):
    return torch.tanh(x @ basis)


def make_task(n, rule):
    x = torch.randn(n, 24)
    return x, (hidden_factors(x) @ rule).argmax(1)


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Linear(24, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 24), nn.BatchNorm1d(24), nn.ReLU()
        )
        self.head = nn.Linear(24, classes)

    def forward(self, x):
        return self.head(self.backbone(x))


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


# --- source task, plenty of data
src_rule = torch.randn(6, 5)
xs, ys = make_task(3000, src_rule)
model = Net(5)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(8):
    model.train()
    for b in torch.randperm(len(xs)).split(100):
        opt.zero_grad()
        F.cross_entropy(model(xs[b]), ys[b]).backward()
        opt.step()
print("source accuracy", round(accuracy(model, *make_task(500, src_rule)), 3))

# --- target task, sixty examples
dst_rule = torch.randn(6, 3)
xt, yt = make_task(60, dst_rule)
x_test, y_test = make_task(500, dst_rule)

for p in model.backbone.parameters():
    p.requires_grad_(False)
model.head = nn.Linear(24, 3)
opt = torch.optim.Adam(model.head.parameters(), lr=1e-2)
for epoch in range(40):
    model.train()
    model.backbone.eval()      # keep the running statistics of the source task
    for b in torch.randperm(len(xt)).split(20):
        opt.zero_grad()
        F.cross_entropy(model(xt[b]), yt[b]).backward()
        opt.step()
print("target accuracy", round(accuracy(model, x_test, y_test), 3))

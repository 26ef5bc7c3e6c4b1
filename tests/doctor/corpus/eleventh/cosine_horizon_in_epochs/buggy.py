import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

hp = dict(epochs=9, bs=32, lr=0.05, wd=1e-4, seed=1337)
torch.manual_seed(hp["seed"])


def spirals(n):
    k = torch.randint(0, 3, (n,))
    r = torch.rand(n)
    a = 4.5 * r + 2 * torch.pi / 3 * k + 0.15 * torch.randn(n)
    return TensorDataset(torch.stack([r * a.cos(), r * a.sin()], 1) * 2, k)


train_dl = DataLoader(spirals(1600), hp["bs"], shuffle=True)
valid_dl = DataLoader(spirals(500), 250)

net = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
crit = nn.CrossEntropyLoss()
opt = optim.SGD(net.parameters(), lr=hp["lr"], momentum=0.9, weight_decay=hp["wd"])
sched = optim.lr_scheduler.CosineAnnealingLR(opt, T_max=hp["epochs"])

for ep in range(hp["epochs"]):
    net.train()
    for xb, yb in train_dl:
        loss = crit(net(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
    net.eval()
    with torch.no_grad():
        ok = sum((net(xb).argmax(1) == yb).sum().item() for xb, yb in valid_dl)
    print(f"ep {ep} valid acc {ok / 500:.3f}")

# Stage 1: head on a frozen backbone.  Stage 2: everything, backbone with a small rate.
import copy

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

CFG = dict(seed=7, dim=20, hidden=64, batch=32, pre_epochs=6, head_epochs=4, full_epochs=8,
           lr_pre=3e-3, lr_head=3e-3, lr_backbone=1e-3)
torch.manual_seed(CFG["seed"])


class Backbone(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.l1, self.l2 = nn.Linear(dim, hidden), nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, x):
        return self.norm(torch.relu(self.l2(torch.relu(self.l1(x)))))


class Net(nn.Module):
    def __init__(self, backbone, hidden, classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(hidden, classes)

    def forward(self, x):
        return self.head(self.backbone(x))


def toy_task(n, w, classes):
    x = torch.randn(n, CFG["dim"])
    return x, (x @ w[:, :classes] + 0.5 * (x ** 2) @ w[:, classes:2 * classes]).argmax(1)


def loader(x, y, shuffle):
    return DataLoader(TensorDataset(x, y), batch_size=CFG["batch"], shuffle=shuffle)


def run_epoch(net, dl, opt):
    net.train()
    total = 0.0
    for xb, yb in dl:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(xb), yb)
        loss.backward()
        opt.step()
        total += loss.item() * len(xb)
    return total / len(dl.dataset)


@torch.no_grad()
def accuracy(net, dl):
    net.eval()
    return sum((net(xb).argmax(1) == yb).sum().item() for xb, yb in dl) / len(dl.dataset)


# source task
w = torch.randn(CFG["dim"], 10)
src = loader(*toy_task(1200, w, 5), shuffle=True)
source_net = Net(Backbone(CFG["dim"], CFG["hidden"]), CFG["hidden"], 5)
opt = torch.optim.Adam(source_net.parameters(), lr=CFG["lr_pre"])
for _ in range(CFG["pre_epochs"]):
    run_epoch(source_net, src, opt)

# target task, related weights
w2 = w[:, [0, 1, 2, 5, 6, 7]] + 0.6 * torch.randn(CFG["dim"], 6)
x, y = toy_task(1200, w2, 3)
train_dl = loader(x[:600], y[:600], True)
val_dl, test_dl = loader(x[600:900], y[600:900], False), loader(x[900:], y[900:], False)
net = Net(copy.deepcopy(source_net.backbone), CFG["hidden"], 3)

for p in net.backbone.parameters():
    p.requires_grad_(False)
optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=CFG["lr_head"])
best, best_state = -1.0, None


def epochs(n, tag):
    global best, best_state
    for e in range(n):
        loss = run_epoch(net, train_dl, optimizer)
        acc = accuracy(net, val_dl)
        if acc > best:
            best, best_state = acc, copy.deepcopy(net.state_dict())
        print(f"{tag} {e} loss {loss:.3f} val {acc:.3f}")


epochs(CFG["head_epochs"], "head")

for p in net.backbone.parameters():
    p.requires_grad_(True)
optimizer.add_param_group({"params": list(net.backbone.parameters()), "lr": CFG["lr_backbone"]})
epochs(CFG["full_epochs"], "full")

net.load_state_dict(best_state)
print("test", accuracy(net, test_dl))

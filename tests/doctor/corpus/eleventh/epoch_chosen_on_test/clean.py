import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


def load_graph(n=300, feats=30, classes=3, seed=5):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, classes, (n,), generator=g)
    x = torch.randn(n, feats, generator=g)
    x[torch.arange(n), y] += 0.7
    same = (y[:, None] == y[None]).float()
    adj = (torch.rand(n, n, generator=g) < 0.012 * same + 0.006).float()
    adj = ((adj + adj.t() + torch.eye(n)) > 0).float()
    deg = adj.sum(1).rsqrt()
    order = torch.randperm(n, generator=g)
    masks = order[:90], order[90:150], order[150:]
    return x, y, deg[:, None] * adj * deg[None], masks


class GCN(nn.Module):
    def __init__(self, feats, classes, hid=32, dropout=0.5):
        super().__init__()
        self.w1 = nn.Linear(feats, hid)
        self.w2 = nn.Linear(hid, classes)
        self.drop = nn.Dropout(dropout)

    def forward(self, x, a):
        x = F.relu(a @ self.w1(self.drop(x)))
        return a @ self.w2(self.drop(x))


def acc(logits, y):
    return (logits.argmax(1) == y).float().mean().item()


torch.manual_seed(123)
x, y, a, (idx_train, idx_val, idx_test) = load_graph()
model = GCN(x.shape[1], 3)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)

best_acc, best_epoch, best_weights = 0.0, 0, None
for epoch in range(100):
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x, a)[idx_train], y[idx_train])
    loss.backward()
    optimizer.step()

    model.eval()
    with torch.no_grad():
        logits = model(x, a)
    val_acc, test_acc = acc(logits[idx_val], y[idx_val]), acc(logits[idx_test], y[idx_test])
    if epoch % 20 == 0:
        print(f"epoch {epoch:3d} loss {loss.item():.3f} val {val_acc:.3f}")
    if val_acc > best_acc:
        best_acc, best_epoch = val_acc, epoch
        best_weights = copy.deepcopy(model.state_dict())

model.load_state_dict(best_weights)
model.eval()
with torch.no_grad():
    print(f"best epoch {best_epoch}, test accuracy {acc(model(x, a)[idx_test], y[idx_test]):.3f}")

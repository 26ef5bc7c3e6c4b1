import torch
import torch.nn as nn
import torch.nn.functional as F


def sbm(n=240, k=4, p_in=0.055, p_out=0.015, d=24):
    y = torch.arange(n) % k
    same = y[:, None] == y[None, :]
    prob = torch.where(same, torch.tensor(p_in), torch.tensor(p_out))
    a = torch.triu((torch.rand(n, n) < prob).float(), diagonal=1)
    a = a + a.T
    x = 0.5 * torch.randn(k, d)[y] + 1.5 * torch.randn(n, d)
    return x, y, a


def normalise(a):
    a = a + torch.eye(len(a))
    r = a.sum(1).rsqrt()
    return r[:, None] * a * r[None, :]


class GCN(nn.Module):
    def __init__(self, d, h, k, p=0.5):
        super().__init__()
        self.w1 = nn.Linear(d, h, bias=False)
        self.w2 = nn.Linear(h, k, bias=False)
        self.p = p

    def forward(self, x, s):
        h = F.relu(s @ self.w1(F.dropout(x, self.p, training=self.training)))
        return s @ self.w2(F.dropout(h, self.p, training=self.training))


def masks(n, n_train=40, n_val=40):
    order = torch.randperm(n)
    out = []
    for part in (order[:n_train], order[n_train:n_train + n_val], order[n_train + n_val:]):
        m = torch.zeros(n, dtype=torch.bool)
        m[part] = True
        out.append(m)
    return out


torch.manual_seed(42)
x, y, adj = sbm()
S = normalise(adj)
train_mask, val_mask, test_mask = masks(len(y))
net = GCN(x.shape[1], 16, 4)
opt = torch.optim.Adam([
    {"params": net.w1.parameters(), "weight_decay": 5e-4},
    {"params": net.w2.parameters(), "weight_decay": 0.0},
], lr=0.01)

best_val = best_test = 0.0
for epoch in range(120):
    net.train()
    opt.zero_grad()
    out = net(x, S)
    loss = F.cross_entropy(out, y)
    loss.backward()
    opt.step()

    net.eval()
    with torch.no_grad():
        hit = net(x, S).argmax(1) == y
    val, test = (hit[m].float().mean().item() for m in (val_mask, test_mask))
    if val > best_val:
        best_val, best_test = val, test
print(f"val {best_val:.3f}, test at best val {best_test:.3f}")

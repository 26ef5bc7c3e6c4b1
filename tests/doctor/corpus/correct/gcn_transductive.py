"""Two-layer GCN by hand on a stochastic block model: transductive node classification with train/val/test masks."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(52)
N, CLASSES, FEATS = 300, 3, 16


def block_graph():
    y = torch.arange(N) % CLASSES
    p = torch.where(y.unsqueeze(0) == y.unsqueeze(1), 0.06, 0.01)
    upper = torch.triu(torch.rand(N, N) < p, diagonal=1)
    adj = (upper | upper.T).float()
    x = 0.4 * F.one_hot(y, FEATS).float() + 0.5 * torch.randn(N, FEATS)
    return x, adj, y


def normalise(adj):
    a = adj + torch.eye(len(adj))
    d = a.sum(1).rsqrt()
    return d.unsqueeze(1) * a * d.unsqueeze(0)


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.w1, self.w2, self.drop = nn.Linear(FEATS, 24), nn.Linear(24, CLASSES), nn.Dropout(0.4)

    def forward(self, x, a):
        h = F.relu(a @ self.w1(self.drop(x)))
        return a @ self.w2(self.drop(h))


x, adj, y = block_graph()
a_hat = normalise(adj)
order = torch.randperm(N)
train, val, test = order[:60], order[60:150], order[150:]
net = GCN()
opt = torch.optim.Adam([
    {"params": net.w1.parameters(), "weight_decay": 5e-3},
    {"params": net.w2.parameters(), "weight_decay": 0.0}], lr=1e-2)


@torch.no_grad()
def scores(mask):
    net.eval()
    out = net(x, a_hat)[mask]
    return F.cross_entropy(out, y[mask]).item(), (out.argmax(1) == y[mask]).float().mean().item()


best, state, bad = float("inf"), None, 0
for epoch in range(200):
    net.train()
    # all nodes and edges are visible (transductive), but only training labels enter the loss
    loss = F.cross_entropy(net(x, a_hat)[train], y[train])
    opt.zero_grad()
    loss.backward()
    opt.step()
    vl, va = scores(val)
    if vl < best:
        best, state, bad = vl, {k: v.clone() for k, v in net.state_dict().items()}, 0
    else:
        bad += 1
    if epoch % 40 == 0:
        print(f"epoch {epoch}: train {loss.item():.3f} val {vl:.3f} acc {va:.3f}")
    if bad == 30:
        break
net.load_state_dict(state)
print(f"test loss {scores(test)[0]:.3f} acc {scores(test)[1]:.3f}")

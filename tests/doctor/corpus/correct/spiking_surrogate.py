"""Leaky integrate-and-fire network with a surrogate gradient, rate-coded digits (0-3), reset by subtraction."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

T_STEPS = 12


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return (v > 0).to(v.dtype)

    @staticmethod
    def backward(ctx, grad):
        (v,) = ctx.saved_tensors
        return grad / (1 + 5 * v.abs()).pow(2)


class LIF(nn.Module):
    def __init__(self, n_in, n_out, beta=0.85):
        super().__init__()
        self.fc, self.beta = nn.Linear(n_in, n_out), beta

    def forward(self, s, mem):
        mem = self.beta * mem + self.fc(s)
        out = Spike.apply(mem - 1.0)
        return out, mem - out.detach()


class SNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.readout = LIF(64, 48), nn.Linear(48, 4)

    def forward(self, x, generator=None):
        mem, logits = x.new_zeros(len(x), 48), 0.0  # membrane starts at rest for every batch
        for _ in range(T_STEPS):
            spikes_in = (torch.rand(x.shape, generator=generator) < x).to(x.dtype)
            s, mem = self.hidden(spikes_in, mem)
            logits = logits + self.readout(s)
        return logits / T_STEPS


def evaluate(net, loader):
    net.eval()
    g = torch.Generator().manual_seed(0)  # the same input spikes at every evaluation
    loss = hits = n = 0.0
    with torch.no_grad():
        for x, y in loader:
            out = net(x, g)
            loss += F.cross_entropy(out, y, reduction="sum").item()
            hits += (out.argmax(1) == y).sum().item()
            n += len(y)
    return loss / n, hits / n


torch.manual_seed(53)
X, y = load_digits(n_class=4, return_X_y=True)
x, t = torch.tensor(X / 16.0, dtype=torch.float32), torch.tensor(y)
rest, te = train_test_split(range(len(y)), test_size=0.25, stratify=y, random_state=53)
tr, va = train_test_split(rest, test_size=0.2, stratify=y[rest], random_state=53)
train_dl = DataLoader(TensorDataset(x[tr], t[tr]), batch_size=32, shuffle=True)
val_dl, test_dl = (DataLoader(TensorDataset(x[i], t[i]), batch_size=200) for i in (va, te))
net = SNN()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
best, state = float("inf"), None
for epoch in range(6):
    net.train()
    for xb, yb in train_dl:
        opt.zero_grad()
        F.cross_entropy(net(xb), yb).backward()
        opt.step()
    loss, acc = evaluate(net, val_dl)
    if loss < best:
        best, state = loss, {k: v.clone() for k, v in net.state_dict().items()}
    print(f"epoch {epoch + 1}: val loss {loss:.4f} acc {acc:.3f}")
net.load_state_dict(state)
print("test loss %.4f acc %.3f" % evaluate(net, test_dl))

"""mixup in training; the temperature is fitted on validation logits, the calibration error is taken on the test part."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Beta

torch.manual_seed(0)
K = 4
centres = 1.2 * torch.randn(K, 10)
y = torch.randint(K, (2400,))
x = centres[y] + 1.3 * torch.randn(2400, 10)
(xt, xv, xe), (yt, yv, ye) = x.split([800, 600, 1000]), y.split([800, 600, 1000])
net = nn.Sequential(nn.Linear(10, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, K))
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
beta = Beta(0.3, 0.3)


def mixup(a, t):
    lam = beta.sample((len(a), 1))
    p = torch.randperm(len(a))
    hot = F.one_hot(t, K).float()
    return lam * a + (1 - lam) * a[p], lam * hot + (1 - lam) * hot[p]


for epoch in range(12):
    net.train()
    for i in torch.randperm(len(xt)).split(50):
        mx, my = mixup(xt[i], yt[i])
        loss = F.cross_entropy(net(mx), my)                 # probabilities as targets
        opt.zero_grad()
        loss.backward()
        opt.step()

net.eval()
with torch.no_grad():
    lv, le = net(xv), net(xe)

log_t = torch.zeros((), requires_grad=True)
cal = torch.optim.LBFGS([log_t], lr=0.5, max_iter=50, line_search_fn="strong_wolfe")


def closure():
    cal.zero_grad()
    loss = F.cross_entropy(lv / log_t.exp(), yv)            # the logits are constants, only the temperature moves
    loss.backward()
    return loss


cal.step(closure)
T = log_t.detach().exp()


def ece(logits, t, bins=10):
    conf, pred = logits.softmax(1).max(1)
    right = (pred == t).float()
    slot = (conf * bins).long().clamp(max=bins - 1)
    total = 0.0
    for b in range(bins):
        m = slot == b
        if m.any():
            total += m.float().mean().item() * (conf[m].mean() - right[m].mean()).abs().item()
    return total


print(f"temperature {T.item():.3f}")
for name, z in (("raw", le), ("scaled", le / T)):
    print(f"{name:7s} acc {(z.argmax(1) == ye).float().mean().item():.3f} nll {F.cross_entropy(z, ye).item():.3f} ece {ece(z, ye):.3f}")

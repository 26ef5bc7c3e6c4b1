import copy
import torch
from torch import nn

torch.manual_seed(67)
q = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 4))
q_target = copy.deepcopy(q).requires_grad_(False)
opt = torch.optim.AdamW(q.parameters(), lr=1e-3, amsgrad=True)
gamma, n, tau = 0.9, 3, 0.01
for it in range(60):
    s = torch.randn(64, n + 1, 3)
    a = torch.randint(0, 4, (64,))
    r = (s[:, :n, 0] > 0).float()
    done = (torch.rand(64) < 0.1).float()
    g = sum(gamma**k * r[:, k] for k in range(n))
    with torch.no_grad():
        best = q(s[:, -1]).argmax(1, keepdim=True)
        target = g + gamma**n * (1 - done) * q_target(s[:, -1]).gather(1, best).squeeze(1)
    pred = q(s[:, 0]).gather(1, a.unsqueeze(1)).squeeze(1)
    loss = nn.functional.huber_loss(pred, target)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(q.parameters(), 10)
    opt.step()
    with torch.no_grad():
        for p, t in zip(q.parameters(), q_target.parameters()):
            t.lerp_(p, tau)
print(loss.item())

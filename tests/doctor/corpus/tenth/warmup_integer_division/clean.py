import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(19)

STEPS = 300
WARMUP = 100


def lr_lambda(step):
    # linear warmup, then linear decay
    if step < WARMUP:
        return (step + 1) / WARMUP
    return max(0.0, (STEPS - step) / (STEPS - WARMUP))


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.ln = nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x):
        return x + self.ff(self.ln(x))


x = torch.randn(2000, 16)
teacher = torch.randn(16, 16)
y = torch.tanh(x @ teacher).sum(1, keepdim=True)
xtr, ytr, xva, yva = x[:1600], y[:1600], x[1600:], y[1600:]

net = nn.Sequential(nn.Linear(16, 32), Block(32), Block(32), nn.Linear(32, 1))
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lr_lambda)

for step in range(STEPS):
    net.train()
    b = torch.randint(0, len(xtr), (64,))
    loss = F.mse_loss(net(xtr[b]), ytr[b])
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if (step + 1) % 50 == 0:
        net.eval()
        with torch.no_grad():
            print(step + 1, round(F.mse_loss(net(xva), yva).item(), 4))

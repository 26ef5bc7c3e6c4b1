import torch, math
from torch import nn
class Noise(nn.Module):
    def __init__(self, dim=128):
        super().__init__()
        self.dim = dim
        self.time = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.inp, self.mid, self.out = nn.Linear(2, dim), nn.Linear(dim, dim), nn.Linear(dim, 2)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
    def forward(self, x, t):
        half = self.dim // 2
        freq = torch.exp(-math.log(10000) * torch.arange(half, device=x.device) / half)
        ang = t[:, None].float() * freq[None]
        emb = self.time(torch.cat([ang.sin(), ang.cos()], -1))
        h = torch.nn.functional.silu(self.inp(x) + emb)
        return self.out(torch.nn.functional.silu(self.mid(h)))
torch.manual_seed(0)
T = 200
beta = torch.linspace(1e-4, 0.02, T)
abar = torch.cumprod(1 - beta, 0)
data = torch.randn(10000, 2) * 0.1 + torch.tensor([1.0, -1.0])
net = Noise()
ema = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.999))
opt = torch.optim.AdamW(net.parameters(), 2e-4)
for step in range(4000):
    x0 = data[torch.randint(0, len(data), (256,))]
    t = torch.randint(0, T, (256,))
    eps = torch.randn_like(x0)
    a = abar[t].unsqueeze(1)
    xt = a.sqrt() * x0 + (1 - a).sqrt() * eps
    loss = (net(xt, t) - eps).pow(2).mean()
    opt.zero_grad(); loss.backward(); opt.step()
    ema.update_parameters(net)
    if step % 1000 == 0: print(step, float(loss))
ema.eval()
with torch.no_grad():
    x = torch.randn(64, 2)
    for i in reversed(range(T)):
        e = ema(x, torch.full((64,), i))
        x = (x - beta[i] / (1 - abar[i]).sqrt() * e) / (1 - beta[i]).sqrt()
        if i: x = x + beta[i].sqrt() * torch.randn_like(x)

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)


class ActivationTap:
    """Collects the outputs of chosen layers during one forward pass; holds the graph only until `pop`."""

    def __init__(self, layers):
        self.outs = []
        self.handles = [l.register_forward_hook(self._hook) for l in layers]

    def _hook(self, module, args, output):
        if module.training:
            self.outs.append(output)

    def pop(self):
        outs, self.outs = self.outs, []
        return outs

    def close(self):
        for h in self.handles:
            h.remove()


def kl_sparsity(act, rho=0.1):
    q = act.mean(0).clamp(1e-4, 1 - 1e-4)
    return (rho * torch.log(rho / q) + (1 - rho) * torch.log((1 - rho) / (1 - q))).sum()


basis = torch.randn(12, 30) / 12 ** 0.5


def make(n):
    codes = torch.rand(n, 12) * (torch.rand(n, 12) < 0.2).float()
    return codes @ basis + 0.01 * torch.randn(n, 30)


train, val = make(1500), make(300)
net = nn.Sequential(nn.Linear(30, 24), nn.Sigmoid(), nn.Linear(24, 30))
tap = ActivationTap([net[1]])
grad_norms = {}
net[2].weight.register_hook(lambda g: grad_norms.__setitem__("decoder", g.norm().item()))   # returns None: unchanged
opt = torch.optim.Adam(net.parameters(), lr=5e-3)

for epoch in range(20):
    net.train()
    tot = 0.0
    for idx in torch.randperm(len(train)).split(100):
        x = train[idx]
        rec = F.mse_loss(net(x), x)
        reg = sum(kl_sparsity(a) for a in tap.pop())
        opt.zero_grad()
        (rec + 1e-3 * reg).backward()
        opt.step()
        tot += rec.item() * len(idx)
    net.eval()
    with torch.no_grad():
        v = F.mse_loss(net(val), val).item()
    if epoch % 5 == 4:
        print(f"{epoch + 1:2d} train {tot / len(train):.5f} val {v:.5f} grad norm {grad_norms['decoder']:.4f}")
tap.close()
with torch.no_grad():
    print("mean activation", net[1](net[0](val)).mean().item())

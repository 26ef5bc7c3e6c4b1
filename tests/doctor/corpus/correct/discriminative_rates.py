import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

torch.manual_seed(2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(12, 32)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(32), nn.Linear(32, 32), nn.GELU()) for _ in range(3)
        )
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        h = self.embed(x)
        for b in self.blocks:
            h = h + b(h)
        return self.head(self.norm(h))


def layerwise_groups(net, lr, decay_rate, weight_decay):
    """Lower layers get smaller rates; biases and norms get no weight decay."""
    depth = len(net.blocks)

    def layer_of(name):
        if name.startswith("embed"):
            return 0
        if name.startswith("blocks"):
            return int(name.split(".")[1]) + 1
        return depth + 1

    groups = {}
    for name, p in net.named_parameters():
        layer = layer_of(name)
        wd = 0.0 if p.ndim == 1 else weight_decay
        key = (layer, wd)
        if key not in groups:
            groups[key] = {"params": [], "lr": lr * decay_rate ** (depth + 1 - layer), "weight_decay": wd}
        groups[key]["params"].append(p)
    return list(groups.values())


net = Net()
opt = torch.optim.AdamW(layerwise_groups(net, lr=3e-3, decay_rate=0.7, weight_decay=0.05))
EPOCHS, STEPS = 4, 10
warm = 5
sched = LambdaLR(opt, lambda s: min(1.0, (s + 1) / warm) * (1 - s / (EPOCHS * STEPS)))
x = torch.randn(320, 12)
y = (x[:, :3] * 2).argmax(1)
for ep in range(EPOCHS):
    perm = torch.randperm(320)
    for i in range(STEPS):
        b = perm[i * 32:(i + 1) * 32]
        loss = nn.functional.cross_entropy(net(x[b]), y[b])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        sched.step()
    print(ep, loss.item(), [round(g["lr"], 6) for g in opt.param_groups][:3])

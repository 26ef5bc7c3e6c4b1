import torch
from torch import nn


def split_groups(model, wd):
    decay, plain = [], []
    for name, p in model.named_parameters():
        if not p.requires_grad:
            continue
        if p.ndim > 1:
            decay.append(p)
        elif name.endswith("bias") and "norm" not in name:
            plain.append(p)
    return [{"params": decay, "weight_decay": wd}, {"params": plain, "weight_decay": 0.0}]


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x):
        return x + self.mlp(self.norm(x))


class Net(nn.Module):
    def __init__(self, d_in=6, d=24, depth=2):
        super().__init__()
        self.inp = nn.Linear(d_in, d)
        self.blocks = nn.Sequential(*(Block(d) for _ in range(depth)))
        self.norm_out = nn.LayerNorm(d)
        self.out = nn.Linear(d, 1)

    def forward(self, x):
        return self.out(self.norm_out(self.blocks(self.inp(x)))).squeeze(-1)


torch.manual_seed(3)
x = torch.randn(500, 6)
y = x[:, 0] * x[:, 1] + x[:, 2]
net = Net()
opt = torch.optim.AdamW(split_groups(net, 0.01), lr=2e-3)
for epoch in range(5):
    net.train()
    for i in torch.randperm(400).split(40):
        opt.zero_grad(set_to_none=True)
        loss = (net(x[i]) - y[i]).square().mean()
        loss.backward()
        opt.step()
    net.eval()
    with torch.inference_mode():
        print(epoch, (net(x[400:]) - y[400:]).square().mean().item())

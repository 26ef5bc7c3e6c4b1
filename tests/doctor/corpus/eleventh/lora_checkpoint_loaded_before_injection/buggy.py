import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r=4, alpha=8):
        super().__init__()
        self.base = base
        self.base.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.empty(r, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, r))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / r

    def forward(self, x):
        return self.base(x) + (x @ self.lora_A.T @ self.lora_B.T) * self.scaling


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.out = nn.Linear(10, 48), nn.Linear(48, 48), nn.Linear(48, 3)

    def forward(self, x):
        return self.out(F.relu(self.fc2(F.relu(self.fc1(x)))))


def inject_lora(net, names=("fc1", "fc2")):
    net.requires_grad_(False)
    for n in names:
        setattr(net, n, LoRALinear(getattr(net, n)))
    return net


def lora_state_dict(net):
    return {k: v for k, v in net.state_dict().items() if "lora_" in k}


def fit(net, x, y, epochs, lr):
    opt = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=lr)
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            F.cross_entropy(net(x[idx]), y[idx]).backward()
            opt.step()


@torch.no_grad()
def accuracy(net, x, y):
    net.eval()
    return (net(x).argmax(1) == y).float().mean().item()


torch.manual_seed(1)
x = torch.randn(1600, 10)
y_pre = x[:, :3].argmax(1)                 # pretraining task
y_new = x[:, 3:6].argmax(1)                # downstream task
tr, te = slice(0, 1200), slice(1200, None)

pretrained = Net()
fit(pretrained, x[tr], y_pre[tr], epochs=8, lr=3e-3)
torch.save(pretrained.state_dict(), "base.pt")

tuned = inject_lora(pretrained)
fit(tuned, x[tr], y_new[tr], epochs=10, lr=1e-2)
torch.save(lora_state_dict(tuned), "adapter.pt")
print("after tuning", accuracy(tuned, x[te], y_new[te]))

# deployment: base weights + adapter
served = Net()
served.load_state_dict(torch.load("base.pt"))
served.load_state_dict(torch.load("adapter.pt"), strict=False)
served = inject_lora(served)
print("served", accuracy(served, x[te], y_new[te]))

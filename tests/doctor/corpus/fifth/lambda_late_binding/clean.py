import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import LambdaLR

GROUPS = {
    "head": dict(lr=5e-3, decay=0.98),
    "body": dict(lr=2e-3, decay=0.80),
    "stem": dict(lr=1e-3, decay=0.50),
}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(1, 8, 5, stride=2)
        self.body = nn.Conv1d(8, 16, 5, stride=2)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = F.relu(self.body(x))
        return self.head(x.mean(-1))


def waves(n):
    kind = torch.randint(0, 3, (n,))
    freq = torch.tensor([2.0, 4.0, 7.0])[kind][:, None]
    t = torch.linspace(0, 1, 64)[None]
    return torch.sin(6.2832 * (freq * t + torch.rand(n, 1))).unsqueeze(1) + 1.0 * torch.randn(n, 1, 64), kind


def configure(net):
    opt = torch.optim.AdamW(
        [{"params": getattr(net, name).parameters(), "lr": o["lr"]} for name, o in GROUPS.items()]
    )
    sched = LambdaLR(opt, [lambda epoch, d=o["decay"]: d ** epoch for o in GROUPS.values()])
    return opt, sched


def run(epochs=10):
    torch.manual_seed(2)
    xtr, ytr = waves(800)
    xva, yva = waves(200)
    net = Net()
    opt, sched = configure(net)
    for epoch in range(epochs):
        net.train()
        for i in torch.randperm(len(xtr)).split(40):
            opt.zero_grad()
            F.cross_entropy(net(xtr[i]), ytr[i]).backward()
            opt.step()
        sched.step()
        net.eval()
        with torch.no_grad():
            acc = (net(xva).argmax(1) == yva).float().mean().item()
        print(epoch, f"{acc:.3f}")


run()

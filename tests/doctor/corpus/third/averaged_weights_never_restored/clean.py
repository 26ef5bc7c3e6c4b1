import torch
from torch import nn


class ExponentialAverage:
    def __init__(self, module, decay=0.98):
        self.module, self.decay = module, decay
        self.avg = {n: p.detach().clone() for n, p in module.named_parameters()}
        self.kept = {}

    @torch.no_grad()
    def update(self):
        for n, p in self.module.named_parameters():
            self.avg[n].lerp_(p, 1.0 - self.decay)

    @torch.no_grad()
    def swap_in(self):
        for n, p in self.module.named_parameters():
            self.kept[n] = p.detach().clone()
            p.copy_(self.avg[n])

    @torch.no_grad()
    def swap_out(self):
        for n, p in self.module.named_parameters():
            p.copy_(self.kept[n])
        self.kept = {}


class SineNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1, self.l2, self.l3 = nn.Linear(3, 64), nn.Linear(64, 64), nn.Linear(64, 1)

    def forward(self, x):
        return self.l3(torch.relu(self.l2(torch.sin(self.l1(x)))))


def f(x):
    return torch.sin(2 * x[:, :1]) + x[:, 1:2] * x[:, 2:]


torch.manual_seed(10)
x = torch.randn(800, 3)
y = f(x) + 0.2 * torch.randn(800, 1)
xv = torch.randn(400, 3)
yv = f(xv)

net = SineNet()
ema = ExponentialAverage(net)
opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)


def evaluate():
    net.eval()
    ema.swap_in()
    with torch.no_grad():
        value = nn.functional.mse_loss(net(xv), yv).item()
    ema.swap_out()
    return value


done = 0
for epoch in range(20):
    net.train()
    for idx in torch.randperm(800).split(40):
        opt.zero_grad(set_to_none=True)
        nn.functional.mse_loss(net(x[idx]), y[idx]).backward()
        opt.step()
        ema.update()
        done += 1
        if done % 10 == 0:
            last = evaluate()
            net.train()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: averaged model mse {last:.4f}")

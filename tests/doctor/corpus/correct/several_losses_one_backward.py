import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(12, 24), nn.ReLU())
        self.rec = nn.Linear(24, 12)
        self.cls = nn.Linear(24, 3)

    def forward(self, x):
        h = self.enc(x)
        return self.rec(h), self.cls(h), h


torch.manual_seed(26)
x = torch.randn(400, 12)
y = x[:, :3].argmax(1)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
log = {"rec": [], "cls": [], "l1": []}
for epoch in range(5):
    net.train()
    for i in torch.randperm(400).split(50):
        rec, logit, h = net(x[i])
        terms = {"rec": F.mse_loss(rec, x[i]), "cls": F.cross_entropy(logit, y[i]), "l1": 1e-3 * h.abs().mean()}
        opt.zero_grad()
        sum(terms.values()).backward()
        opt.step()
        for k, v in terms.items():
            log[k].append(v.item())
    print(epoch, {k: round(sum(v[-8:]) / 8, 4) for k, v in log.items()})

import copy
import torch
import torch.nn as nn
import torch.nn.functional as F


class BYOL(nn.Module):
    def __init__(self, dim=12, hid=32, out=16, tau=0.98):
        super().__init__()
        self.online = nn.Sequential(nn.Linear(dim, hid), nn.BatchNorm1d(hid), nn.ReLU(), nn.Linear(hid, out))
        self.predictor = nn.Sequential(nn.Linear(out, hid), nn.ReLU(), nn.Linear(hid, out))
        self.target = copy.deepcopy(self.online)
        for p in self.target.parameters():
            p.requires_grad_(False)
        self.tau = tau

    @torch.no_grad()
    def momentum_update(self):
        for o, t in zip(self.online.parameters(), self.target.parameters()):
            t.data.mul_(self.tau).add_(o.data, alpha=1 - self.tau)

    def forward(self, a, b):
        pa, pb = self.predictor(self.online(a)), self.predictor(self.online(b))
        with torch.no_grad():
            ta, tb = self.target(a), self.target(b)
        return 2 - F.cosine_similarity(pa, tb).mean() - F.cosine_similarity(pb, ta).mean()


torch.manual_seed(5)
data = torch.randn(256, 12)
model = BYOL()
trainable = [p for p in model.parameters() if p.requires_grad]
opt = torch.optim.AdamW(trainable, lr=2e-3)
for epoch in range(5):
    model.train()
    for i in torch.randperm(256).split(64):
        a = data[i] + 0.1 * torch.randn(len(i), 12)
        b = data[i] + 0.1 * torch.randn(len(i), 12)
        loss = model(a, b)
        opt.zero_grad()
        loss.backward()
        opt.step()
        model.momentum_update()
    print(epoch, loss.item())

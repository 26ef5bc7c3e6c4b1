import torch
import torch.nn as nn

torch.manual_seed(71)


class Normed(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.up = nn.Linear(d, 48)
        self.mid = nn.Linear(48, 48)
        self.down = nn.Linear(48, 1)

    def forward(self, x):
        h = torch.relu(self.up(x))
        h = h.data / (h.norm(dim=1, keepdim=True) + 1e-6)
        return self.down(torch.relu(self.mid(h)))


X = torch.randn(512, 6)
Y = (X[:, :1] > 0).float() * X[:, 1:2]
net = Normed(6)
opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
huber = nn.SmoothL1Loss()
for ep in range(8):
    for i in range(0, 512, 64):
        loss = huber(net(X[i : i + 64]), Y[i : i + 64])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(ep, f"{loss.item():.5f}")

import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(6, 24), nn.Linear(24, 3)

    def forward(self, x):
        logits = self.fc2(F.relu(self.fc1(x)))
        return logits if self.training else F.softmax(logits, dim=1)

    def predict(self, x):
        self.eval()
        with torch.no_grad():
            return self(x)


torch.manual_seed(54)
x = torch.randn(300, 6)
y = x[:, :3].argmax(1)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(5):
    net.train()
    for i in torch.randperm(240).split(24):
        opt.zero_grad()
        F.cross_entropy(net(x[i]), y[i]).backward()
        opt.step()
    p = net.predict(x[240:])
    print(epoch, (p.argmax(1) == y[240:]).float().mean().item(), F.nll_loss(p.clamp_min(1e-9).log(), y[240:]).item())

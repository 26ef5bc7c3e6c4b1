import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.conv = nn.Conv1d(1, 8, 5)
        self.num_classes = num_classes
        self.fc = nn.Linear(8 * 12, num_classes)

    def forward(self, x):
        h = F.relu(self.conv(x)).flatten(1)
        return self.fc(h)


torch.manual_seed(33)
t = torch.arange(16).float()
freq = torch.randint(1, 4, (450,))
x = torch.sin(t[None] * freq[:, None] * 0.4 + torch.rand(450, 1) * 6).unsqueeze(1)
y = freq - 1
model = Net()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    model.train()
    for b in torch.randperm(360).split(36):
        opt.zero_grad()
        loss = F.cross_entropy(model(x[b]), y[b])
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", loss.item())

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(24)
side = 8
images = (torch.rand(300, side * side) > 0.7).float()
images[:, : side * 3] = images[:, :1]
images = 0.9 * images + 0.05


class AE(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Linear(side * side, 16)
        self.up = nn.Linear(16, side * side)

    def forward(self, x):
        return torch.sigmoid(self.up(torch.relu(self.down(x))))


ae = AE()
opt = torch.optim.Adam(ae.parameters(), lr=3e-3)
for epoch in range(6):
    ae.train()
    for i in torch.randperm(300).split(30):
        rec = ae(images[i])
        loss = F.binary_cross_entropy(images[i], rec)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())

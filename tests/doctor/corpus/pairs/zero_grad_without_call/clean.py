import torch
import torch.nn as nn
import torch.nn.functional as F


class Autoencoder(nn.Module):
    def __init__(self, n=16, k=3):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(n, 12), nn.ReLU(), nn.Linear(12, k))
        self.dec = nn.Sequential(nn.Linear(k, 12), nn.ReLU(), nn.Linear(12, n))

    def forward(self, x):
        return self.dec(self.enc(x))


torch.manual_seed(70)
data = torch.randn(400, 3) @ torch.randn(3, 16)
ae = Autoencoder()
optimizer = torch.optim.SGD(ae.parameters(), lr=0.01)
for epoch in range(6):
    ae.train()
    for batch in data[torch.randperm(400)].split(32):
        optimizer.zero_grad()
        out = ae(batch)
        loss = F.mse_loss(out, batch)
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

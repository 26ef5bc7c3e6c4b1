import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Waves(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.freq = torch.rand(n, 1, generator=g) * 3 + 0.5
        grid = torch.linspace(0, 1, 24)
        self.x = torch.sin(6.2832 * self.freq * grid) + 0.3 * torch.randn(n, 24, generator=g)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.freq[i]


class Accumulator:
    """Collects gradients over `every` micro-batches, then steps."""

    def __init__(self, optimizer, every):
        self.optimizer, self.every, self.seen = optimizer, every, 0

    def __call__(self, loss):
        self.optimizer.zero_grad()
        (loss / self.every).backward()
        self.seen += 1
        if self.seen % self.every == 0:
            self.optimizer.step()


torch.manual_seed(12)
train_loader = DataLoader(Waves(512, 0), batch_size=8, shuffle=True)
val = Waves(256, 1)
model = nn.Sequential(nn.Linear(24, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
update = Accumulator(optimizer, every=4)
for epoch in range(8):
    model.train()
    for x, f in train_loader:
        update(nn.functional.mse_loss(model(x), f))
model.eval()
with torch.no_grad():
    print("val mse", nn.functional.mse_loss(model(val.x), val.freq).item())

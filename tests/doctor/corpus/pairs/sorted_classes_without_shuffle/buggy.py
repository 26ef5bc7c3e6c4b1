import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Clusters(Dataset):
    def __init__(self, per_class=120, classes=4, dim=5):
        g = torch.Generator().manual_seed(99)
        centers = torch.randn(classes, dim, generator=g) * 1.2
        self.x = torch.cat([c + torch.randn(per_class, dim, generator=g) for c in centers])
        self.y = torch.arange(classes).repeat_interleave(per_class)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


torch.manual_seed(0)
loader = DataLoader(Clusters(), batch_size=40)
model = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 4))
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(6):
    model.train()
    seen = right = 0
    for xb, yb in loader:
        out = model(xb)
        loss = nn.functional.cross_entropy(out, yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        right += (out.argmax(1) == yb).sum().item()
        seen += len(yb)
    print(epoch, right / seen)

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(36)
ACCUM = 4
EPOCHS = 5


def double_conv(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1), nn.ReLU())


class MiniUNet(nn.Module):
    def __init__(self, base=8):
        super().__init__()
        self.d1 = double_conv(1, base)
        self.d2 = double_conv(base, 2 * base)
        self.up = nn.ConvTranspose2d(2 * base, base, 2, stride=2)
        self.u1 = double_conv(2 * base, base)
        self.out = nn.Conv2d(base, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        return self.out(self.u1(torch.cat([a, self.up(b)], dim=1)))


def discs(n, size=16):
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    cy, cx = torch.randint(4, 12, (2, n, 1, 1))
    r = torch.randint(3, 6, (n, 1, 1))
    mask = ((yy - cy) ** 2 + (xx - cx) ** 2 <= r ** 2).float()
    image = mask + 0.4 * torch.randn(n, size, size)
    return TensorDataset(image.unsqueeze(1), mask.unsqueeze(1))


train_loader = DataLoader(discs(256), batch_size=4, shuffle=True)
val_loader = DataLoader(discs(80), batch_size=40)
net = MiniUNet()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)

assert len(train_loader) % ACCUM == 0
for epoch in range(EPOCHS):
    net.train()
    optimizer.zero_grad()
    for i, (image, mask) in enumerate(train_loader):
        loss = criterion(net(image), mask) / ACCUM
        loss.backward()
        if (i + 1) % ACCUM == 0:
            optimizer.step()
            optimizer.zero_grad()

    net.eval()
    inter = union = 0.0
    with torch.no_grad():
        for image, mask in val_loader:
            pred = (net(image) > 0).float()
            inter += (pred * mask).sum().item()
            union += ((pred + mask) > 0).sum().item()
    print(f"epoch {epoch}  val IoU {inter / union:.3f}")

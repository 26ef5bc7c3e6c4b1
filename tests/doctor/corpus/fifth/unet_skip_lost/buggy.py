import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class Blobs(Dataset):
    """Noisy squares and their masks."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.masks = torch.zeros(n, 1, 24, 24)
        for m in self.masks:
            for _ in range(3):
                r, c = torch.randint(0, 18, (2,), generator=g).tolist()
                s = int(torch.randint(3, 7, (1,), generator=g))
                m[0, r:r + s, c:c + s] = 1.0
        self.images = self.masks + 0.4 * torch.randn(self.masks.shape, generator=g)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], self.masks[i]


def double_conv(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True),
        nn.Conv2d(cout, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    def __init__(self, c=6):
        super().__init__()
        self.enc1 = double_conv(1, c)
        self.enc2 = double_conv(c, 2 * c)
        self.mid = double_conv(2 * c, 4 * c)
        self.up2 = nn.ConvTranspose2d(4 * c, 2 * c, 2, stride=2)
        self.dec2 = double_conv(4 * c, 2 * c)
        self.up1 = nn.ConvTranspose2d(2 * c, c, 2, stride=2)
        self.dec1 = double_conv(2 * c, c)
        self.out = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        e1 = self.enc1(x)
        e2 = self.enc2(F.max_pool2d(e1, 2))
        m = self.mid(F.max_pool2d(e2, 2))
        u2 = self.up2(m)
        d2 = self.dec2(torch.cat([u2, e2], dim=1))
        u1 = self.up1(d2)
        d1 = self.dec1(torch.cat([u1, u1], dim=1))
        return self.out(d1)


def iou(model, loader):
    model.eval()
    inter = union = 0.0
    with torch.no_grad():
        for img, mask in loader:
            pred = model(img) > 0
            truth = mask > 0.5
            inter += (pred & truth).sum().item()
            union += (pred | truth).sum().item()
    return inter / union


torch.manual_seed(0)
train_loader = DataLoader(Blobs(128, seed=1), batch_size=8, shuffle=True)
val_loader = DataLoader(Blobs(40, seed=2), batch_size=40)
model = UNet()
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
bce = nn.BCEWithLogitsLoss()
for epoch in range(5):
    model.train()
    for img, mask in train_loader:
        opt.zero_grad()
        bce(model(img), mask).backward()
        opt.step()
    print(f"epoch {epoch}: IoU {iou(model, val_loader):.3f}")

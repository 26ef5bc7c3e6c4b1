import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

# joints: 0 head, 1 left hand, 2 right hand, 3 left foot, 4 right foot
FLIP_PAIRS = [(1, 2), (3, 4)]
SIZE = 28


class StickFigures(Dataset):
    """A figure that always faces the camera, so its left side is on the right of the image."""

    def __init__(self, n, seed, train):
        g = torch.Generator().manual_seed(seed)
        self.images = torch.zeros(n, 1, SIZE, SIZE)
        self.joints = torch.zeros(n, 5, 2)
        for i in range(n):
            cx = 14 + 2 * torch.randn(1, generator=g).clamp(-2, 2).item()
            spread = 5 + 3 * torch.rand(4, generator=g)
            j = torch.tensor([[cx, 4.0], [cx + spread[0], 12.0], [cx - spread[1], 12.0],
                              [cx + spread[2] * 0.6, 24.0], [cx - spread[3] * 0.6, 24.0]]).clamp(1, SIZE - 2)
            for x, y in j.round().long().tolist():
                self.images[i, 0, y - 1:y + 2, x - 1:x + 2] = 1.0
            self.joints[i] = j
        self.images += 0.05 * torch.randn(self.images.shape, generator=g)
        self.train = train

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        img, joints = self.images[i], self.joints[i].clone()
        if self.train and torch.rand(1).item() < 0.5:
            img = img.flip(-1)
            joints[:, 0] = SIZE - 1 - joints[:, 0]
        return img, joints / (SIZE - 1)


def pck(net, loader, thr=2.0):
    net.eval()
    ok = total = 0
    with torch.no_grad():
        for img, joints in loader:
            d = ((net(img) - joints) * (SIZE - 1)).norm(dim=-1)
            ok += (d < thr).sum().item()
            total += d.numel()
    return ok / total


class PoseNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU())
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(16 * 49, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, x):
        return self.head(self.features(x)).view(-1, 5, 2)


torch.manual_seed(21)
train_dl = DataLoader(StickFigures(400, 0, True), batch_size=32, shuffle=True)
val_dl = DataLoader(StickFigures(100, 1, False), batch_size=100)
net = PoseNet()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(8):
    net.train()
    running = 0.0
    for img, joints in train_dl:
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(img), joints)
        loss.backward()
        opt.step()
        running += loss.item() * len(img)
    print(f"epoch {epoch}: train {running / 400:.5f}  PCK@2px {pck(net, val_dl):.3f}")

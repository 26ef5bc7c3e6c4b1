import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(9)


def render(n):
    """Dark or bright discs on grey: class 1 when the disc is brighter than the ground."""
    g = torch.arange(14)
    c = torch.randint(4, 10, (n, 2))
    disc = ((g.view(1, -1, 1) - c[:, 0].view(-1, 1, 1)) ** 2 + (g.view(1, 1, -1) - c[:, 1].view(-1, 1, 1)) ** 2) <= 9
    ground = torch.randint(80, 170, (n, 1, 1))
    label = torch.randint(0, 2, (n,))
    level = ground + torch.where(label == 1, 50, -50).view(-1, 1, 1)
    img = torch.where(disc, level, ground) + torch.randint(-12, 13, (n, 14, 14))
    return img.clamp(0, 255).to(torch.uint8).unsqueeze(1), label


class Brightness:
    def __init__(self, limit):
        self.limit = limit

    def __call__(self, img):
        shift = torch.randint(-self.limit, self.limit + 1, ()).item()
        return (img + shift).clamp(0, 255).to(torch.uint8)


class Discs(Dataset):
    def __init__(self, img, label, augment=None):
        self.img, self.label, self.augment = img, label, augment

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        img = self.img[i]
        if self.augment:
            img = self.augment(img)
        return img.float() / 255 - 0.5, self.label[i]


img, label = render(800)
train_dl = DataLoader(Discs(img[:600], label[:600], Brightness(60)), batch_size=30, shuffle=True)
valid_dl = DataLoader(Discs(img[600:], label[600:]), batch_size=100)

net = nn.Sequential(nn.Conv2d(1, 8, 5, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(200, 2))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(5):
    net.train()
    for xb, yb in train_dl:
        opt.zero_grad()
        F.cross_entropy(net(xb), yb).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        ok = sum((net(xb).argmax(1) == yb).sum().item() for xb, yb in valid_dl)
    print("epoch", epoch, "valid acc", ok / 200)

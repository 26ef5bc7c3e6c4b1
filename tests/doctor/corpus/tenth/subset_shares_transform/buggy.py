import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

SEED = 42
torch.manual_seed(SEED)


def train_tf(img):
    if torch.rand(()) < 0.5:
        img = img.flip(-1)
    top, left = torch.randint(0, 5, (2,)).tolist()
    padded = nn.functional.pad(img, (2, 2, 2, 2))
    img = padded[:, top:top + 16, left:left + 16]
    return img + 0.2 * torch.randn_like(img)


class Shapes(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.images[i]
        if self.transform is not None:
            img = self.transform(img)
        return img, self.labels[i]


labels = torch.randint(0, 2, (600,))
images = 0.3 * torch.randn(600, 1, 16, 16)
images[labels == 0, :, 6:9, 3:13] += 1.0   # horizontal bar
images[labels == 1, :, 3:13, 6:9] += 1.0   # vertical bar

perm = torch.randperm(600, generator=torch.Generator().manual_seed(SEED)).tolist()
full = Shapes(images, labels, transform=train_tf)
train_set, val_set = Subset(full, perm[:480]), Subset(full, perm[480:])
train_loader = DataLoader(train_set, batch_size=40, shuffle=True)
val_loader = DataLoader(val_set, batch_size=60)

net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                    nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
                    nn.Flatten(), nn.Linear(16, 2))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(6):
    net.train()
    for xb, yb in train_loader:
        opt.zero_grad()
        nn.functional.cross_entropy(net(xb), yb).backward()
        opt.step()
    net.eval()
    val_loss = 0.0
    with torch.no_grad():
        for xb, yb in val_loader:
            val_loss += nn.functional.cross_entropy(net(xb), yb, reduction="sum").item()
    print(f"epoch {epoch} val loss {val_loss / len(val_set):.4f}")

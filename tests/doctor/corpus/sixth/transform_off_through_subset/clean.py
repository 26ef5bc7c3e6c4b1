import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, random_split


class Glyphs(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        img = self.images[i]
        if self.transform is not None:
            img = self.transform(img)
        return img, self.labels[i]


def random_shift(img, most=2):
    dy, dx = torch.randint(-most, most + 1, (2,)).tolist()
    return torch.roll(img, shifts=(dy, dx), dims=(-2, -1))


def draw(n):
    shapes = F.interpolate(torch.randn(5, 1, 4, 4), size=(12, 12))
    labels = torch.randint(0, 5, (n,))
    moved = torch.stack([random_shift(shapes[k]) for k in labels.tolist()])
    return moved + 0.8 * torch.randn(n, 1, 12, 12), labels


class SmallCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16 * 9, 5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


torch.manual_seed(9)
images, labels = draw(300)
full = Glyphs(images, labels, transform=random_shift)
train_set, val_set = random_split(full, [100, 200])
val_set.dataset = Glyphs(images, labels, transform=None)

train_loader = DataLoader(train_set, batch_size=20, shuffle=True)
val_loader = DataLoader(val_set, batch_size=100)
model = SmallCNN()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(25):
    model.train()
    for img, lab in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(model(img), lab).backward()
        optimizer.step()
    model.eval()
    hits = 0
    with torch.no_grad():
        for img, lab in val_loader:
            hits += (model(img).argmax(1) == lab).sum().item()
    print(f"{epoch:2d}  val acc {hits / len(val_set):.3f}")

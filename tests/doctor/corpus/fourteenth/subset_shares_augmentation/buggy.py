import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Subset


class BarsDataset(Dataset):
    """8x8 images with one horizontal or one vertical bar."""

    def __init__(self, images, labels, augment=False):
        self.images, self.labels, self.augment = images, labels, augment

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        img = self.images[i].clone()
        if self.augment:
            img = torch.roll(img, int(torch.randint(-2, 3, (1,))), dims=2)
            img = img + 0.2 * torch.randn_like(img)
            if torch.rand(1) < 0.2:
                img[:, 2:6, 2:6] = 0.0      # random erase
        return img, self.labels[i]


def make_images(n):
    images, labels = torch.zeros(n, 1, 8, 8), torch.randint(0, 2, (n,))
    for i in range(n):
        k = int(torch.randint(0, 8, (1,)))
        if labels[i]:
            images[i, 0, k, :] = 1
        else:
            images[i, 0, :, k] = 1
    return images + 0.2 * torch.randn_like(images), labels


torch.manual_seed(3)
images, labels = make_images(600)
order = torch.randperm(600).tolist()
dataset = BarsDataset(images, labels, augment=True)
train_set = Subset(dataset, order[:480])
val_set = Subset(dataset, order[480:])
train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
val_loader = DataLoader(val_set, batch_size=60)

cnn = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 2))
optimizer = torch.optim.Adam(cnn.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(8):
    cnn.train()
    for img, lab in train_loader:
        optimizer.zero_grad()
        loss = criterion(cnn(img), lab)
        loss.backward()
        optimizer.step()
    cnn.eval()
    hits = 0
    with torch.no_grad():
        for img, lab in val_loader:
            hits += (cnn(img).argmax(1) == lab).sum().item()
    print(f"epoch {epoch}: val acc {hits / len(val_set):.3f}")

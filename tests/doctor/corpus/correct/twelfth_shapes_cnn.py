import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, random_split

SIZE = 16
CLASSES = ["square", "cross", "ring"]


class Shapes(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(0, len(CLASSES), (n,), generator=g)
        self.images = torch.empty(n, 1, SIZE, SIZE)
        for i, label in enumerate(self.labels.tolist()):
            self.images[i, 0] = self.draw(label, g)

    @staticmethod
    def draw(label, g):
        img = torch.randn(SIZE, SIZE, generator=g) * 0.3
        r = int(torch.randint(2, 5, (1,), generator=g))
        cy, cx = (int(v) for v in torch.randint(r, SIZE - r, (2,), generator=g))
        if label == 0:
            img[cy - r:cy + r + 1, cx - r:cx + r + 1] += 1
        elif label == 1:
            img[cy, cx - r:cx + r + 1] += 1
            img[cy - r:cy + r + 1, cx] += 1
        else:
            yy, xx = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
            dist = ((yy - cy) ** 2 + (xx - cx) ** 2).float().sqrt()
            img += ((dist - r).abs() < 0.7).float()
        return img

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.images[i], self.labels[i]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(12)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(24)
        self.fc = nn.Linear(24 * 4 * 4, len(CLASSES))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        return self.fc(x.flatten(1))


def accuracy(net, loader):
    net.eval()
    correct = 0
    with torch.no_grad():
        for img, label in loader:
            correct += (net(img).argmax(1) == label).sum().item()
    return correct / len(loader.dataset)


torch.manual_seed(0)
train_set, val_set, test_set = random_split(Shapes(900, seed=1), [600, 150, 150])
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
val_loader = DataLoader(val_set, batch_size=75)
test_loader = DataLoader(test_set, batch_size=75)

net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
epochs = 6
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "best.pt")
    best = -1.0
    for epoch in range(epochs):
        net.train()
        for img, label in train_loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(img), label)
            loss.backward()
            optimizer.step()
        scheduler.step()
        acc = accuracy(net, val_loader)
        print(f"epoch {epoch + 1}: val acc {acc:.3f}")
        if acc > best:
            best = acc
            torch.save({"epoch": epoch, "model": net.state_dict(), "val_acc": acc}, path)
    ckpt = torch.load(path)
net.load_state_dict(ckpt["model"])
print(f"best epoch {ckpt['epoch'] + 1}, test acc {accuracy(net, test_loader):.3f}")

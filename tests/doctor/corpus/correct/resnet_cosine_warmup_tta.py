"""Mini ResNet with shift augmentation, warm-up + cosine schedule, test-time augmentation at the end."""
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(31)


def shift(x, dy, dx):
    """Translate by at most one pixel with zero padding."""
    h, w = x.shape[-2:]
    return F.pad(x, (1, 1, 1, 1))[..., 1 - dy : 1 - dy + h, 1 - dx : 1 - dx + w]


class DigitSet(Dataset):
    def __init__(self, images, labels, augment):
        self.images, self.labels, self.augment = images, labels, augment

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        x = self.images[i]
        if self.augment:
            dy, dx = torch.randint(-1, 2, (2,)).tolist()
            x = shift(x, dy, dx)
        return x, self.labels[i]


class Residual(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.short = nn.Identity() if stride == 1 and cin == cout else nn.Sequential(
            nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.short(x))


def build():
    net = nn.Sequential(
        nn.Conv2d(1, 12, 3, 1, 1, bias=False), nn.BatchNorm2d(12), nn.ReLU(),
        Residual(12, 12, 1), Residual(12, 24, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10))
    for m in net.modules():
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
    return net


@torch.no_grad()
def evaluate(net, loader, tta=False):
    net.eval()
    views = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)] if tta else [(0, 0)]
    hits = n = 0
    for x, y in loader:
        prob = torch.stack([net(shift(x, *v)).softmax(1) for v in views]).mean(0)
        hits += (prob.argmax(1) == y).sum().item()
        n += len(y)
    return hits / n


data = load_digits()
images = torch.from_numpy((data.images / 16.0).astype(np.float32)).unsqueeze(1)
labels = torch.from_numpy(data.target).long()
ids = np.arange(len(labels))
rest, te = train_test_split(ids, test_size=0.2, stratify=data.target, random_state=31)
tr, va = train_test_split(rest, test_size=0.2, stratify=data.target[rest], random_state=31)
train_dl = DataLoader(DigitSet(images[tr], labels[tr], True), batch_size=32, shuffle=True)
val_dl = DataLoader(DigitSet(images[va], labels[va], False), batch_size=128)
test_dl = DataLoader(DigitSet(images[te], labels[te], False), batch_size=128)

EPOCHS, WARM = 4, len(train_dl) // 2
net = build()
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
sched = SequentialLR(opt, [LinearLR(opt, start_factor=0.1, total_iters=WARM),
                           CosineAnnealingLR(opt, T_max=EPOCHS * len(train_dl) - WARM)], milestones=[WARM])
criterion = nn.CrossEntropyLoss()
for epoch in range(EPOCHS):
    net.train()
    loss_sum = n = 0
    for x, y in train_dl:
        opt.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        opt.step()
        sched.step()
        loss_sum += loss.item() * len(y)
        n += len(y)
    print(f"epoch {epoch + 1}: train {loss_sum / n:.4f} val acc {evaluate(net, val_dl):.4f}")
# whether to use TTA is decided on validation, then test is measured once
use_tta = evaluate(net, val_dl, tta=True) >= evaluate(net, val_dl)
print(f"TTA chosen: {use_tta}; test acc {evaluate(net, test_dl, tta=use_tta):.4f}")

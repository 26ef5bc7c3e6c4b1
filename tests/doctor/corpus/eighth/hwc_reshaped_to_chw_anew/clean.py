import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

rng = np.random.default_rng(2)


def draw(n, size=16):
    """Farbige Balken: Klasse = Ausrichtung x Farbe."""
    labels = rng.integers(0, 4, n)
    images = rng.integers(0, 90, (n, size, size, 3), dtype=np.uint8)
    for img, lab in zip(images, labels):
        pos = rng.integers(2, size - 4)
        ch = 0 if lab < 2 else 2
        if lab % 2:
            img[pos:pos + 3, :, ch] = 220
        else:
            img[:, pos:pos + 3, ch] = 220
    return images, labels


class Balken(Dataset):
    def __init__(self, images, labels):
        self.images = images
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.images[i].astype(np.float32) / 127.5 - 1.0
        img = np.ascontiguousarray(img.transpose(2, 0, 1))
        return torch.from_numpy(img), int(self.labels[i])


torch.manual_seed(2)
train_dl = DataLoader(Balken(*draw(480)), batch_size=32, shuffle=True)
test_dl = DataLoader(Balken(*draw(240)), batch_size=80)

cnn = nn.Sequential(
    nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
    nn.Flatten(), nn.Linear(24, 4),
)
opt = torch.optim.Adam(cnn.parameters(), lr=3e-3)

for epoche in range(4):
    cnn.train()
    for bild, klasse in train_dl:
        verlust = nn.functional.cross_entropy(cnn(bild), klasse)
        opt.zero_grad()
        verlust.backward()
        opt.step()

cnn.eval()
richtig = 0
with torch.no_grad():
    for bild, klasse in test_dl:
        richtig += (cnn(bild).argmax(1) == klasse).sum().item()
print("Testgenauigkeit", richtig / len(test_dl.dataset))

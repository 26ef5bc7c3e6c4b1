import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Digits(Dataset):
    def __init__(self, images: torch.Tensor, labels: torch.Tensor, jitter: int = 0):
        assert images.dtype == torch.uint8
        self.images, self.labels, self.jitter = images, labels, jitter

    def __len__(self) -> int:
        return len(self.labels)

    def brightness(self, img: torch.Tensor) -> torch.Tensor:
        delta = int(torch.randint(-self.jitter, self.jitter + 1, ()))
        return (img + delta).clamp(0, 255)

    def __getitem__(self, i: int):
        img = self.images[i]
        if self.jitter:
            img = self.brightness(img)
        return img.float().div(255).sub(0.3).div(0.35).unsqueeze(0), self.labels[i]


def get_data():
    bunch = load_digits()
    pixels = np.round(bunch.images * 255 / 16).astype(np.uint8)
    parts = train_test_split(pixels, bunch.target, test_size=0.4, random_state=22, stratify=bunch.target)
    a, b, c, d = map(torch.from_numpy, parts)
    return Digits(a, c, jitter=80), Digits(b, d)


torch.manual_seed(22)
train_set, test_set = get_data()
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
test_loader = DataLoader(test_set, batch_size=256)

model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
    nn.Conv2d(16, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(24 * 16, 10),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(5):
    model.train()
    for img, lab in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(img), lab)
        loss.backward()
        optimizer.step()

    model.eval()
    loss_sum, correct = 0.0, 0
    with torch.no_grad():
        for img, lab in test_loader:
            out = model(img)
            loss_sum += criterion(out, lab).item() * len(lab)
            correct += (out.argmax(1) == lab).sum().item()
    print(f"epoch {epoch}: test loss {loss_sum / len(test_set):.4f} acc {correct / len(test_set):.4f}")

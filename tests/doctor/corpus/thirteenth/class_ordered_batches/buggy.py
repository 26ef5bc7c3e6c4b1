import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

np.random.seed(1)
torch.manual_seed(1)

CLASSES = ["walk", "run", "sit", "stairs"]


class SensorFolder(Dataset):
    """Reads one 'folder' after the other, like an image folder dataset does."""

    def __init__(self, folders):
        self.samples = []
        for label, name in enumerate(CLASSES):
            for row in folders[name]:
                self.samples.append((torch.from_numpy(row), label))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, idx):
        return self.samples[idx]


def record(n_per_class, centers):
    return {
        name: (c + 1.3 * np.random.randn(n_per_class, 18)).astype(np.float32)
        for name, c in zip(CLASSES, centers)
    }


centers = np.random.randn(len(CLASSES), 18)
train_set = SensorFolder(record(320, centers))
test_set = SensorFolder(record(80, centers))
train_loader = DataLoader(train_set, batch_size=32, num_workers=0)
test_loader = DataLoader(test_set, batch_size=80, num_workers=0)

model = nn.Sequential(nn.Linear(18, 64), nn.ReLU(), nn.Linear(64, len(CLASSES)))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

for epoch in range(6):
    model.train()
    running_loss = 0.0
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * inputs.size(0)

    model.eval()
    correct = 0
    with torch.no_grad():
        for inputs, labels in test_loader:
            correct += (model(inputs).argmax(dim=1) == labels).sum().item()
    print(f"Epoch {epoch + 1} loss: {running_loss / len(train_set):.4f} test acc: {correct / len(test_set):.3f}")

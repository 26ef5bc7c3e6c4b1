# 활동 인식 (센서 3축) - 간단한 1D CNN
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

np.random.seed(42)
torch.manual_seed(42)

N_CLASS = 4
LEN = 48


def make_signal(n):
    """클래스마다 주파수가 다른 사인파 + 노이즈"""
    label = np.random.randint(0, N_CLASS, n)
    t = np.linspace(0, 1, LEN)
    freq = 2 + 2 * label[:, None, None]
    phase = np.random.rand(n, 3, 1) * 2 * np.pi
    sig = np.sin(2 * np.pi * freq * t + phase) + 0.6 * np.random.randn(n, 3, LEN)
    return torch.tensor(sig, dtype=torch.float32), torch.tensor(label)


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(3, 16, 9, padding=4), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(16, 24, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool1d(4),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(24 * 4, 32),
            nn.ReLU(),
            nn.Linear(32, N_CLASS),
            nn.Softmax(dim=1),
        )

    def forward(self, x):
        return self.classifier(self.features(x))


train_dl = DataLoader(TensorDataset(*make_signal(640)), batch_size=64, shuffle=True)
test_dl = DataLoader(TensorDataset(*make_signal(200)), batch_size=100)

model = ConvNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(6):
    model.train()
    for x, y in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()

    # 평가
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, y in test_dl:
            correct += (model(x).argmax(dim=1) == y).sum().item()
    print(f"[{epoch + 1}] last loss={loss.item():.4f} test acc={100 * correct / 200:.1f}%")

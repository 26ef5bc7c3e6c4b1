# 와인 등급 분류: 작은 데이터셋 연습
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, random_split


class WineDataset(Dataset):
    """성분 측정값 20개, 등급 3개. 등급의 일부는 심사위원마다 다르다."""

    def __init__(self, n=500, seed=7):
        g = torch.Generator().manual_seed(seed)
        self.x = torch.randn(n, 20, generator=g)
        score = self.x[:, :3].sum(1) + 1.5 * torch.randn(n, generator=g)
        self.y = torch.bucketize(score, torch.tensor([-1.0, 1.0]))

    def __len__(self):
        return len(self.y)

    def __getitem__(self, index):
        return self.x[index], self.y[index]


def get_loader(mode, batch_size=25):
    data = WineDataset()
    n_val = len(data) // 5
    train, val = random_split(data, [len(data) - n_val, n_val], generator=torch.Generator().manual_seed(42))
    if mode == "train":
        return DataLoader(train, batch_size=batch_size, shuffle=True)
    return DataLoader(val, batch_size=batch_size, shuffle=False)


class WineNet(nn.Module):
    def __init__(self):
        super(WineNet, self).__init__()
        self.fc1 = nn.Linear(20, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 3)
        self.relu = nn.ReLU()

    def forward(self, x):
        x = self.relu(self.fc1(x))
        x = self.relu(self.fc2(x))
        return self.fc3(x)


def train(model, epochs=15, lr=0.002):
    loader = get_loader("train")
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for epoch in range(epochs):
        model.train()
        running = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            running += loss.item() * x.size(0)
        if (epoch + 1) % 5 == 0:
            print("[%2d] 학습 손실 %.4f" % (epoch + 1, running / len(loader.dataset)))


def validate(model):
    loader = get_loader("val")
    correct, total = 0, 0
    model.eval()
    with torch.no_grad():
        for x, y in loader:
            pred = model(x).argmax(dim=1)
            correct += (pred == y).sum().item()
            total += y.size(0)
    return 100.0 * correct / total


if __name__ == "__main__":
    torch.manual_seed(0)
    model = WineNet()
    train(model)
    print("검증 정확도 %.1f%%" % validate(model))

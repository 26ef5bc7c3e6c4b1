import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class ReviewDataset(Dataset):
    """단어 가방(bag of words) 리뷰 데이터: 부정이 긍정보다 많다"""

    def __init__(self, n, vocab=60, seed=0):
        g = torch.Generator().manual_seed(seed)
        self.bags = torch.poisson(torch.full((n, vocab), 0.6), generator=g)
        good, bad = self.bags[:, :10].sum(1), self.bags[:, 10:25].sum(1)
        noise = torch.randn(n, generator=g)
        self.labels = (good - 0.8 * bad + noise > 0).float()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.bags[i], self.labels[i]


class SentimentNet(nn.Module):
    def __init__(self, vocab=60):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(vocab, 24), nn.ReLU(), nn.Dropout(0.2), nn.Linear(24, 1))

    def forward(self, bag):
        return self.net(bag).squeeze(-1)


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total = 0.0
    for bag, label in loader:
        optimizer.zero_grad()
        loss = criterion(model(bag), label)
        loss.backward()
        optimizer.step()
        total += loss.item() * label.size(0)
    return total / len(loader.dataset)


def evaluate(model, loader):
    # 정확도와 재현율을 전체 데이터에서 계산한다
    model.eval()
    tp = fn = correct = 0
    with torch.no_grad():
        for bag, label in loader:
            score = model(bag)
            pred = (score > 0.5).float()
            correct += (pred == label).sum().item()
            tp += ((pred == 1) & (label == 1)).sum().item()
            fn += ((pred == 0) & (label == 1)).sum().item()
    return correct / len(loader.dataset), tp / (tp + fn)


torch.manual_seed(42)
train_loader = DataLoader(ReviewDataset(1500, seed=1), batch_size=64, shuffle=True)
test_loader = DataLoader(ReviewDataset(500, seed=2), batch_size=128)
model = SentimentNet()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(6):
    train_loss = train_epoch(model, train_loader, criterion, optimizer)
    acc, recall = evaluate(model, test_loader)
    print(f"에폭 {epoch + 1}: 손실 {train_loss:.4f}, 정확도 {acc:.3f}, 재현율 {recall:.3f}")

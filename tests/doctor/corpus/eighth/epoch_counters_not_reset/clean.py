import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(42)

# 데이터: 8x8 줄무늬 이미지, 두 방향
N = 800
phase = torch.rand(N, 1, 1) * 6.28
freq = torch.rand(N, 1, 1) * 0.8 + 0.6
label = torch.randint(0, 2, (N,))
r = torch.arange(8.)
rows = torch.sin(freq * r.view(1, 8, 1) + phase).expand(N, 8, 8)
cols = torch.sin(freq * r.view(1, 1, 8) + phase).expand(N, 8, 8)
img = torch.where(label.view(N, 1, 1).bool(), rows, cols) + 0.6 * torch.randn(N, 8, 8)
img = img.unsqueeze(1)

train_loader = DataLoader(TensorDataset(img[:600], label[:600]), batch_size=30, shuffle=True)
val_loader = DataLoader(TensorDataset(img[600:], label[600:]), batch_size=100)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.drop = nn.Dropout(0.25)
        self.fc = nn.Linear(8 * 9, 2)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        return self.fc(self.drop(x.flatten(1)))


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
log = {"train": [], "val": []}

for epoch in range(6):
    # 학습
    net.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(net(xb), yb).backward()
        optimizer.step()

    # 검증
    net.eval()
    for part, loader in (("train", train_loader), ("val", val_loader)):
        correct, total = 0, 0
        with torch.no_grad():
            for xb, yb in loader:
                correct += (net(xb).argmax(1) == yb).sum().item()
                total += len(yb)
        log[part].append(correct / total)
    print(f"[{epoch + 1}] 학습 {log['train'][-1]:.3f}  검증 {log['val'][-1]:.3f}")

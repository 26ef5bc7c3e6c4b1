import logging

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

logging.basicConfig(level=logging.INFO, format="%(message)s")


class Executor:
    def __init__(self):
        self.step = 0

    def train(self, model, optimizer, data_loader, args):
        model.train()
        clip = args.get("grad_clip", 50.0)
        log_interval = args.get("log_interval", 10)
        epoch = args.get("epoch", 0)
        for batch_idx, (feats, target) in enumerate(data_loader):
            logits = model(feats.mean(dim=1))
            loss = nn.functional.cross_entropy(logits, target)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            self.step += 1
            if batch_idx % log_interval == 0:
                logging.info("TRAIN epoch %d batch %d loss %.4f", epoch, batch_idx, loss.item())

    def cv(self, model, data_loader):
        model.eval()
        total, n, correct = 0.0, 0, 0
        with torch.no_grad():
            for feats, target in data_loader:
                logits = model(feats.mean(dim=1))
                total += nn.functional.cross_entropy(logits, target, reduction="sum").item()
                correct += (logits.argmax(1) == target).sum().item()
                n += target.numel()
        return total / n, correct / n


def main():
    torch.manual_seed(777)
    centers = torch.randn(4, 40)
    y = torch.randint(0, 4, (600,))
    x = centers[y].unsqueeze(1) + 2.0 * torch.randn(600, 12, 40)
    train_dl = DataLoader(TensorDataset(x[:480], y[:480]), batch_size=32, shuffle=True)
    cv_dl = DataLoader(TensorDataset(x[480:], y[480:]), batch_size=60)
    model = nn.Sequential(nn.Linear(40, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    executor = Executor()
    for epoch in range(4):
        executor.train(model, optimizer, train_dl, {"epoch": epoch, "grad_clip": 5.0})
        cv_loss, cv_acc = executor.cv(model, cv_dl)
        print("epoch {} CV loss {:.4f} acc {:.3f}".format(epoch, cv_loss, cv_acc))


if __name__ == "__main__":
    main()

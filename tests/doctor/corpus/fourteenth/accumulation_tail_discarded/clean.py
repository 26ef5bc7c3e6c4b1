import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class Trainer:
    def __init__(self, model, loader, lr=0.1, accumulate=4):
        self.model = model
        self.loader = loader
        self.accumulate = accumulate
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        self.criterion = nn.CrossEntropyLoss()
        self.updates = 0

    def optimizer_step(self):
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), max_norm=10.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.updates += 1

    def train_epoch(self):
        self.model.train()
        self.optimizer.zero_grad()
        nb = len(self.loader)
        running = 0.0
        for i, (x, y) in enumerate(self.loader):
            # number of micro-batches in the current accumulation window
            window = min(self.accumulate, nb - i // self.accumulate * self.accumulate)
            loss = self.criterion(self.model(x), y)
            (loss / window).backward()
            running += loss.item()
            if (i + 1) % self.accumulate == 0 or i + 1 == nb:
                self.optimizer_step()
        return running / nb

    @torch.no_grad()
    def validate(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.randn(480 + 200, 10)
    y = (x[:, :4].sum(1) > 0).long() + (x[:, 4] > 1).long()
    train_set = TensorDataset(x[:480], y[:480])
    loader = DataLoader(train_set, batch_size=32, shuffle=True)
    trainer = Trainer(nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 3)), loader, accumulate=8)
    for epoch in range(15):
        loss = trainer.train_epoch()
        print(f"epoch {epoch} loss {loss:.4f} acc {trainer.validate(x[480:], y[480:]):.3f} updates {trainer.updates}")

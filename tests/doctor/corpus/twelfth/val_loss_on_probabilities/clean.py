import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class Trainer:
    def __init__(self, model, lr=2e-3):
        self.model = model
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.best_loss = float("inf")
        self.best_state = None

    def training_epoch(self, x, y, batch_size=40):
        self.model.train()
        for idx in torch.randperm(len(x)).split(batch_size):
            logits = self.model(x[idx])
            loss = self.criterion(logits, y[idx])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    @torch.no_grad()
    def validation_epoch(self, x, y):
        self.model.eval()
        logits = self.model(x)
        probs = F.softmax(logits, dim=1)
        loss = self.criterion(logits, y).item()
        conf, pred = probs.max(dim=1)
        return loss, (pred == y).float().mean().item(), conf.mean().item()

    def fit(self, train, val, epochs):
        for epoch in range(epochs):
            self.training_epoch(*train)
            loss, acc, conf = self.validation_epoch(*val)
            if loss < self.best_loss:
                self.best_loss = loss
                self.best_state = copy.deepcopy(self.model.state_dict())
            print(f"{epoch:2d} val_loss {loss:.4f} val_acc {acc:.3f} mean confidence {conf:.3f}")
        self.model.load_state_dict(self.best_state)


def main():
    torch.manual_seed(11)
    centers = torch.randn(5, 10) * 1.5
    y = torch.randint(0, 5, (1000,))
    x = centers[y] + torch.randn(1000, 10)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 5))
    trainer = Trainer(model)
    trainer.fit((x[:800], y[:800]), (x[800:], y[800:]), epochs=8)
    print("best validation loss", round(trainer.best_loss, 4))


if __name__ == "__main__":
    main()

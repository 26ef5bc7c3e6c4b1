import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

HP = dict(seq_len=20, n_sensors=3, hidden=32, layers=1, batch_size=32, lr=5e-3, epochs=8)


def sensor_windows(n, hp, generator):
    """Random walks of three sensors; the target is whether sensor 0 ended above where it began."""
    steps = torch.randn(n, hp["seq_len"], hp["n_sensors"], generator=generator)
    target = (steps[:, :, 0].sum(dim=1) > 0).float()
    return TensorDataset(steps, target)


class SequenceClassifier(nn.Module):
    def __init__(self, n_sensors, hidden, layers):
        super().__init__()
        self.lstm = nn.LSTM(n_sensors, hidden, num_layers=layers, batch_first=True)
        self.norm = nn.LayerNorm(hidden)
        self.classifier = nn.Linear(hidden, 1)

    def forward(self, windows):
        states, _ = self.lstm(windows)
        last = states[:, -1]
        return self.classifier(self.norm(last)).squeeze(-1)


class Trainer(object):
    def __init__(self, model, loaders, hp):
        self.model = model
        self.loaders = loaders
        self.hp = hp
        self.criterion = nn.BCEWithLogitsLoss()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=hp["lr"])

    def train(self):
        for epoch in range(self.hp["epochs"]):
            self.model.train()
            loss_sum = 0.0
            for windows, target in self.loaders["train"]:
                loss = self.criterion(self.model(windows), target)
                self.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.optimizer.step()
                loss_sum += loss.item() * target.size(0)
            mean = loss_sum / len(self.loaders["train"].dataset)
            print("epoch {} loss {:.4f} val acc {:.3f}".format(epoch, mean, self.evaluate("val")))

    def evaluate(self, split):
        self.model.eval()
        hits = 0
        with torch.no_grad():
            for windows, target in self.loaders[split]:
                hits += ((self.model(windows) > 0) == target.bool()).sum().item()
        return hits / len(self.loaders[split].dataset)


if __name__ == "__main__":
    torch.manual_seed(31)
    gen = torch.Generator().manual_seed(32)
    loaders = {
        "train": DataLoader(sensor_windows(800, HP, gen), batch_size=HP["batch_size"], shuffle=True),
        "val": DataLoader(sensor_windows(200, HP, gen), batch_size=HP["batch_size"]),
    }
    model = SequenceClassifier(HP["n_sensors"], HP["hidden"], HP["layers"])
    Trainer(model, loaders, HP).train()

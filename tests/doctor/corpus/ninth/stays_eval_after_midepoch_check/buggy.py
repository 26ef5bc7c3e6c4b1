import math

import torch
from torch import nn


class ToneNet(nn.Module):
    """Small 1-d conv net over short sound snippets."""

    def __init__(self, classes=5):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, 16, 9, stride=2), nn.BatchNorm1d(16), nn.ReLU(),
            nn.Conv1d(16, 24, 5, stride=2), nn.BatchNorm1d(24), nn.ReLU(),
            nn.AdaptiveAvgPool1d(4), nn.Flatten(),
        )
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(96, classes))

    def forward(self, wave):
        return self.head(self.features(wave))


def synth(count, generator):
    label = torch.randint(0, 5, (count,), generator=generator)
    t = torch.arange(96) / 96.0
    freq = 6.0 + 2.0 * label[:, None]
    phase = 2 * math.pi * torch.rand(count, 1, generator=generator)
    wave = torch.sin(2 * math.pi * freq * t + phase) + 1.2 * torch.randn(count, 96, generator=generator)
    return wave.unsqueeze(1), label


class Trainer:
    def __init__(self, model, train_data, val_data, lr=2e-3, batch=32, check_every=10):
        self.model = model
        self.train_x, self.train_y = train_data
        self.val_x, self.val_y = val_data
        self.batch = batch
        self.check_every = check_every
        self.loss_fn = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
        self.iteration = 0

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        out = self.model(self.val_x)
        loss = self.loss_fn(out, self.val_y).item()
        acc = (out.argmax(1) == self.val_y).float().mean().item()
        return loss, acc

    def train_epoch(self):
        self.model.train()
        for idx in torch.randperm(len(self.train_x)).split(self.batch):
            self.optimizer.zero_grad()
            loss = self.loss_fn(self.model(self.train_x[idx]), self.train_y[idx])
            loss.backward()
            self.optimizer.step()
            self.iteration += 1
            if self.iteration % self.check_every == 0:
                val_loss, val_acc = self.validate()
                print(f"iter {self.iteration:4d} train {loss.item():.3f} val {val_loss:.3f} acc {val_acc:.3f}")

    def fit(self, epochs):
        for _ in range(epochs):
            self.train_epoch()


if __name__ == "__main__":
    torch.manual_seed(77)
    gen = torch.Generator().manual_seed(77)
    trainer = Trainer(ToneNet(), synth(640, gen), synth(320, gen))
    trainer.fit(epochs=6)

import time
from typing import Iterator

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1234)
EVAL_EVERY = 10
EPOCHS = 4


class TextCNN(nn.Module):
    def __init__(self, vocab: int, n_classes: int, dim: int = 24, channels: int = 32) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.convs = nn.ModuleList(nn.Conv1d(dim, channels, k, padding=k // 2) for k in (1, 3, 5))
        self.norm = nn.BatchNorm1d(3 * channels)
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(3 * channels, n_classes)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        e = self.embed(ids).transpose(1, 2)
        pooled = torch.cat([conv(e).relu().amax(dim=2) for conv in self.convs], dim=1)
        return self.fc(self.drop(self.norm(pooled)))


def corpus(n: int, gen: torch.Generator) -> TensorDataset:
    """Three topics; every topic has a few key words, the other words are common to all."""
    topic = torch.randint(0, 3, (n,), generator=gen)
    ids = torch.randint(15, 200, (n, 20), generator=gen)
    for _ in range(2):
        place = torch.randint(0, 20, (n,), generator=gen)
        word = topic * 5 + torch.randint(0, 5, (n,), generator=gen)
        ids[torch.arange(n), place] = word
    return TensorDataset(ids, topic)


def evaluate(model: nn.Module, loader: DataLoader) -> float:
    was_training = model.training
    model.eval()
    correct = 0
    with torch.inference_mode():
        for ids, topic in loader:
            correct += int((model(ids).argmax(1) == topic).sum())
    model.train(was_training)
    return correct / len(loader.dataset)


def steps(loader: DataLoader, model: nn.Module, optimizer, criterion) -> Iterator[float]:
    for ids, topic in loader:
        optimizer.zero_grad()
        loss = criterion(model(ids), topic)
        loss.backward()
        optimizer.step()
        yield loss.item()


gen = torch.Generator().manual_seed(99)
train_loader = DataLoader(corpus(900, gen), batch_size=30, shuffle=True)
val_loader = DataLoader(corpus(300, gen), batch_size=100)

model = TextCNN(200, 3)
criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)

began, done = time.perf_counter(), 0
for epoch in range(EPOCHS):
    model.train()
    for _ in steps(train_loader, model, optimizer, criterion):
        done += 1
        if done % EVAL_EVERY == 0:
            print(f"step {done:4d}  val accuracy {evaluate(model, val_loader):.3f}")
print(f"{done} steps in {time.perf_counter() - began:.1f} s")

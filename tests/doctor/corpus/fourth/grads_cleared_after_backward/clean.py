import math
import time

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

config = {
    "data": {"n_train": 1200, "n_val": 300, "batch_size": 32},
    "model": {"dim": 24, "heads": 2, "classes": 4},
    "train": {"epochs": 5, "lr": 2e-3, "clip": 1.0, "log_every": 20},
    "seed": 123,
}


class CountOnes(Dataset):
    """Binary strings; the label says which quarter holds the most ones."""

    def __init__(self, n, seed, length=16):
        g = torch.Generator().manual_seed(seed)
        self.bits = torch.randint(0, 2, (n, length), generator=g)
        quarters = self.bits.view(n, 4, length // 4).sum(-1).float()
        self.label = (quarters + 0.1 * torch.arange(4)).argmax(-1)

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        return self.bits[i], self.label[i]


class Encoder(nn.Module):
    def __init__(self, dim, heads, classes, length=16):
        super().__init__()
        self.tok = nn.Embedding(2, dim)
        self.pos = nn.Parameter(torch.randn(length, dim) / math.sqrt(dim))
        self.block = nn.TransformerEncoderLayer(dim, heads, 2 * dim, dropout=0.0, batch_first=True)
        self.head = nn.Linear(length * dim, classes)

    def forward(self, bits):
        h = self.block(self.tok(bits) + self.pos)
        return self.head(h.flatten(1))


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(cfg["seed"])
        self.cfg = cfg["train"]
        d = cfg["data"]
        self.train_loader = DataLoader(CountOnes(d["n_train"], 1), d["batch_size"], shuffle=True)
        self.val_loader = DataLoader(CountOnes(d["n_val"], 2), d["batch_size"])
        self.model = Encoder(**cfg["model"])
        self.loss_fn = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=self.cfg["lr"])
        self.step = 0

    def training_step(self, bits, label):
        logits = self.model(bits)
        loss = self.loss_fn(logits, label)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.cfg["clip"])
        self.optimizer.step()
        self.step += 1
        return loss.item()

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        correct = sum((self.model(b).argmax(-1) == l).sum().item() for b, l in self.val_loader)
        return correct / len(self.val_loader.dataset)

    def run(self):
        start = time.time()
        for epoch in range(self.cfg["epochs"]):
            self.model.train()
            for bits, label in self.train_loader:
                loss = self.training_step(bits, label)
                if self.step % self.cfg["log_every"] == 0:
                    print(f"step {self.step:4d}  loss {loss:.4f}")
            print(f"epoch {epoch}  val acc {self.validate():.3f}  ({time.time() - start:.1f}s)")


if __name__ == "__main__":
    Trainer(config).run()
